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
  readonly #left = new Subject<Place>();
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

  /** What was in force and is no more, at the moment when it changes: what the delay up to now is due to. */
  get left$(): Observable<Place> {
    return this.#left;
  }

  choose(place: Place): void {
    this.#change(() => (this.#chosen = place));
  }

  async run<R>(inPool: () => Promise<R>, inPlace: () => Promise<R>): Promise<R> {
    if (this.#chosen === 'pool') {
      return inPool();
    }
    this.#change(() => this.#onMain++);
    try {
      return await inPlace();
    } finally {
      this.#doneOnMain++;
      this.#change(() => this.#onMain--);
    }
  }

  #change(apply: () => void): void {
    const before = this.inForce;
    apply();
    if (this.inForce !== before) {
      this.#left.next(before);
    }
  }
}
