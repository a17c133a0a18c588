import { HttpException, HttpStatus, Injectable, NotFoundException } from '@nestjs/common';
import { concat, defer, map, of, Subject, type Observable } from 'rxjs';
import { LIMITS } from './limits.js';
import type { DevelopedPicture, Rendition } from './picture.studio.js';

/** A picture as clients see it. Each rendition is downloaded by its name. */
export interface PictureView {
  readonly id: string;
  /** The name of the uploaded file, as the client sent it. Untrusted: show it as text only. */
  readonly name: string;
  readonly state: 'waiting' | 'working' | 'done' | 'failed' | 'cancelled' | 'removed';
  /** 0 to 1. */
  readonly progress: number;
  /** Why the picture failed or was cancelled. */
  readonly message?: string;
  readonly developed?: Omit<DevelopedPicture, 'renditions'> & {
    readonly renditions: readonly Omit<Rendition, 'bytes'>[];
  };
}

/** Pictures that are new or have changed. With `isAll` they replace all pictures of the client. */
export interface Pictures {
  readonly isAll: boolean;
  readonly pictures: readonly PictureView[];
}

/** The pictures of the workbench, in memory. The oldest ones make room for new ones. */
@Injectable()
export class PictureShelf {
  /** By id, oldest first. */
  readonly #views = new Map<string, PictureView>();
  readonly #renditions = new Map<string, readonly Rendition[]>();
  readonly #changed = new Subject<PictureView>();

  /** Sends all pictures first, and changes from then on. */
  open(): Observable<Pictures> {
    return concat(
      defer(() => of({ isAll: true, pictures: [...this.#views.values()] })),
      this.#changed.pipe(map((picture) => ({ isAll: false, pictures: [picture] }))),
    );
  }

  /** @throws HttpException (429) if too many pictures are in flight */
  checkRoom(): void {
    const inFlight = [...this.#views.values()].filter(isInFlight).length;
    if (inFlight < LIMITS.inFlight) {
      return;
    }
    throw new HttpException(
      `${LIMITS.inFlight} pictures are being worked on, and more are not taken at a time: try again when some are done`,
      HttpStatus.TOO_MANY_REQUESTS,
    );
  }

  /** @throws HttpException (429) */
  admit(id: string, name: string): PictureView {
    this.checkRoom();
    for (const view of this.#views.values()) {
      if (this.#views.size < LIMITS.kept) {
        break;
      }
      if (!isInFlight(view)) {
        this.remove(view.id);
      }
    }
    return this.#put({ id, name, state: 'waiting', progress: 0 });
  }

  change(id: string, change: Partial<PictureView>): void {
    const view = this.#views.get(id);
    if (view && isInFlight(view)) {
      this.#put({ ...view, ...change });
    }
  }

  /** Stores the outcome. The bytes stay here, and clients receive the rest. */
  finish(id: string, { renditions, ...picture }: DevelopedPicture): void {
    this.#renditions.set(id, renditions);
    const sizes = renditions.map(({ bytes: _bytes, ...rendition }) => rendition);
    this.change(id, { state: 'done', progress: 1, developed: { ...picture, renditions: sizes } });
  }

  remove(id: string): void {
    const view = this.find(id);
    this.#views.delete(id);
    this.#renditions.delete(id);
    this.#changed.next({ ...view, state: 'removed' });
  }

  /** @throws NotFoundException */
  find(id: string): PictureView {
    const view = this.#views.get(id);
    if (view) {
      return view;
    }
    throw new NotFoundException('There is no such picture here, or no more');
  }

  /** @throws NotFoundException */
  rendition(id: string, name: string): Rendition {
    const found = this.#renditions.get(id)?.find((rendition) => rendition.name === name);
    if (found) {
      return found;
    }
    throw new NotFoundException('There is no such picture here, or no more');
  }

  #put(view: PictureView): PictureView {
    this.#views.set(view.id, view);
    this.#changed.next(view);
    return view;
  }
}

export function isInFlight({ state }: PictureView): boolean {
  return state === 'waiting' || state === 'working';
}
