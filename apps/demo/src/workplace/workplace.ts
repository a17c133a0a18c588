import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';

/** Where the work of the page is done: by the pool, or by the thread that answers requests. */
export type Place = 'pool' | 'main';

/**
 * The page's switch "run on the main thread instead". It is all that there is between the two: the same
 * class does the same work here or there.
 */
@Injectable()
export class Workplace {
  readonly #leaving = new Subject<void>();
  #chosen: Place = 'pool';
  #onMain = 0;
  #doneOnMain = 0;

  /** What the next piece of work will use. */
  get chosen(): Place {
    return this.#chosen;
  }

  /** What the loop is under now: work on the main thread goes on after the switch was turned back. */
  get inForce(): Place {
    return this.#onMain > 0 ? 'main' : this.#chosen;
  }

  /** Pieces of work that the main thread has done; the pool counts its own. */
  get doneOnMain(): number {
    return this.#doneOnMain;
  }

  /** Just before `inForce` may change: the last moment to blame the loop's delay on what was. */
  get leaving$(): Observable<void> {
    return this.#leaving;
  }

  choose(place: Place): void {
    this.#leaving.next();
    this.#chosen = place;
  }

  async run<R>(inPool: () => Promise<R>, inPlace: () => Promise<R>): Promise<R> {
    if (this.#chosen === 'pool') return inPool();
    this.#onMain++;
    try {
      return await inPlace();
    } finally {
      this.#leaving.next();
      this.#onMain--;
      this.#doneOnMain++;
    }
  }
}
