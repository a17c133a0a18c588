import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import {
  AsyncerMpService,
  TaskCancelledError,
  TaskEvent,
  taskEventOf,
  transfer,
  type TaskProgressEvent,
  type TaskStartedEvent,
} from 'nestjs-asyncermp';
import { Workplace } from '../workplace/workplace.js';
import type { PictureSettings } from './picture.settings.js';
import { isInFlight, PictureShelf, type PictureView } from './picture.shelf.js';
import { PictureStudio, type DevelopedPicture } from './picture.studio.js';
import { PictureTasks } from './picture.tasks.js';

const HANDLER = 'PictureTasks.develop';

/** Accepts pictures, has them developed and puts the results on the shelf. */
@Injectable()
export class PicturesService {
  readonly #mp: AsyncerMpService;
  readonly #studio: PictureStudio;
  readonly #workplace: Workplace;
  readonly #shelf: PictureShelf;

  constructor(
    mp: AsyncerMpService,
    studio: PictureStudio,
    workplace: Workplace,
    shelf: PictureShelf,
  ) {
    this.#mp = mp;
    this.#studio = studio;
    this.#workplace = workplace;
    this.#shelf = shelf;
  }

  /** Does not wait for the outcome, which clients see on the shelf. */
  admit(name: string, file: Buffer, settings: PictureSettings): PictureView {
    // The picture and its task have the same id, so that `dismiss()` can cancel the task.
    const id = `picture-${randomUUID()}`;
    const view = this.#shelf.admit(id, name);
    // A copy, since the task takes the memory away, and small Buffers share theirs.
    void this.#settle(id, this.#develop(id, new Uint8Array(file), settings));
    return view;
  }

  /** Cancels a picture in flight, and removes a finished one. */
  dismiss(id: string): void {
    if (!isInFlight(this.#shelf.find(id))) {
      this.#shelf.remove(id);
      return;
    }
    this.#mp.cancel(id, 'cancelled on the page');
  }

  @OnEvent(taskEventOf(TaskEvent.Started, HANDLER))
  onStarted({ uid }: TaskStartedEvent): void {
    this.#shelf.change(uid, { state: 'working' });
  }

  @OnEvent(taskEventOf(TaskEvent.Progress, HANDLER))
  onProgress({ uid, progress }: TaskProgressEvent): void {
    this.#shelf.change(uid, { progress: Number(progress) });
  }

  #develop(
    id: string,
    bytes: Uint8Array<ArrayBuffer>,
    settings: PictureSettings,
  ): Promise<DevelopedPicture> {
    return this.#workplace.run(
      () => this.#mp.run(PictureTasks, 'develop', [transfer(bytes), settings], { uid: id }),
      () => {
        this.#shelf.change(id, { state: 'working' });
        return this.#studio.develop(bytes, settings);
      },
    );
  }

  async #settle(id: string, developing: Promise<DevelopedPicture>): Promise<void> {
    try {
      this.#shelf.finish(id, await developing);
    } catch (error) {
      const state = error instanceof TaskCancelledError ? 'cancelled' : 'failed';
      const message = error instanceof Error ? error.message : String(error);
      this.#shelf.change(id, { state, message: state === 'cancelled' ? 'Cancelled' : message });
    }
  }
}
