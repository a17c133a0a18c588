import {
  Controller,
  Delete,
  HttpCode,
  HttpStatus,
  Sse,
  type MessageEvent as ServerEvent,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { LiveStream } from './live.stream.js';
import { LoopWatch } from './loop.watch.js';

@Controller('live')
export class LiveController {
  readonly #stream: LiveStream;
  readonly #loop: LoopWatch;

  constructor(stream: LiveStream, loop: LoopWatch) {
    this.#stream = stream;
    this.#loop = loop;
  }

  @Sse()
  open(): Observable<ServerEvent> {
    return this.#stream.open();
  }

  @Delete('worst')
  @HttpCode(HttpStatus.NO_CONTENT)
  forgetWorst(): void {
    this.#loop.forgetWorst();
  }
}
