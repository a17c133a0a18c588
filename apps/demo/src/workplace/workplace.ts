import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';

/** Where the work of the page runs: in the pool, or on the thread that answers requests. */
export type Place = 'pool' | 'main';

/**
 * The page's switch "run on the main thread instead". The same class does the same work in either place.
 */
@Injectable()
export class Workplace {
  readonly #left = new Subject<Place>();
  #chosen: Place = 'pool';
  #onMain = 0;
  #doneOnMain = 0;

  /** The place of the next piece of work. */
  get chosen(): Place {
    return this.#chosen;
  }

  /** The place that affects the loop now. Work on the main thread continues after the switch is back. */
  get inForce(): Place {
    return this.#onMain > 0 ? 'main' : this.#chosen;
  }

  /** Pieces of work that the main thread has done. The pool counts its own. */
  get doneOnMain(): number {
    return this.#doneOnMain;
  }

  /** Emits the place that was in force until now. It caused the delay up to this moment. */
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
