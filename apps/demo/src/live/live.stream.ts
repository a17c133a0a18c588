import {
  Injectable,
  type BeforeApplicationShutdown,
  type MessageEvent as ServerEvent,
} from '@nestjs/common';
import { AsyncerMpService, type PoolStats } from 'nestjs-asyncermp';
import { map, merge, Observable, Subject, takeUntil } from 'rxjs';
import { TaskLog } from '../tasks/task-log.js';
import { PictureShelf } from '../workbench/picture.shelf.js';
import { Workplace, type Place } from '../workplace/workplace.js';
import { LoopWatch, type LoopReport } from './loop.watch.js';

/** The state of loop and pool, as the page receives it ten times a second. */
export interface LiveSample {
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly loop: LoopReport;
  readonly stats: PoolStats;
  readonly place: Place;
  /** Pieces of work done since the start, by the pool and by the main thread. */
  readonly done: number;
}

/**
 * Everything that the page shows, in one stream. A browser opens at most six connections to a server, and
 * each stream keeps one of them.
 */
@Injectable()
export class LiveStream implements BeforeApplicationShutdown {
  readonly #shutdown = new Subject<void>();
  readonly #mp: AsyncerMpService;
  readonly #loop: LoopWatch;
  readonly #workplace: Workplace;
  readonly #tasks: TaskLog;
  readonly #pictures: PictureShelf;

  constructor(
    mp: AsyncerMpService,
    loop: LoopWatch,
    workplace: Workplace,
    tasks: TaskLog,
    pictures: PictureShelf,
  ) {
    this.#mp = mp;
    this.#loop = loop;
    this.#workplace = workplace;
    this.#tasks = tasks;
    this.#pictures = pictures;
  }

  /** Each kind of event starts with the current state, so that a client can connect at any time. */
  open(): Observable<ServerEvent> {
    return merge(
      this.#samples().pipe(map((data) => ({ type: 'sample', data }))),
      this.#tasks.open().pipe(map((data) => ({ type: 'tasks', data }))),
      this.#pictures.open().pipe(map((data) => ({ type: 'pictures', data }))),
    ).pipe(takeUntil(this.#shutdown));
  }

  beforeApplicationShutdown(): void {
    this.#shutdown.next();
  }

  #samples(): Observable<LiveSample> {
    return new Observable<LoopReport>((subscriber) =>
      this.#loop.listen((report) => subscriber.next(report)),
    ).pipe(
      map((loop) => {
        const stats = this.#mp.stats();
        const { chosen: place, doneOnMain } = this.#workplace;
        return { at: Date.now(), loop, stats, place, done: stats.completed + doneOnMain };
      }),
    );
  }
}
