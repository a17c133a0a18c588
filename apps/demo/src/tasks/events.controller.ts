import { Controller, Sse, type MessageEvent as ServerEvent } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { TaskEventStream } from './task-event.stream.js';

@Controller()
export class EventsController {
  readonly #stream: TaskEventStream;

  constructor(stream: TaskEventStream) {
    this.#stream = stream;
  }

  @Sse('events')
  events(): Observable<ServerEvent> {
    return this.#stream.open();
  }
}
