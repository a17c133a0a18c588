import { Injectable } from '@nestjs/common';
import { CpuTask, transfer } from 'nestjs-asyncermp';
import type { PictureSettings } from './picture.settings.js';
import { PictureStudio, type DevelopedPicture } from './picture.studio.js';

/** The handler of the workbench: one picture, one task. */
@Injectable()
export class PictureTasks {
  readonly #studio: PictureStudio;

  constructor(studio: PictureStudio) {
    this.#studio = studio;
  }

  /** See {@link PictureStudio.develop}. */
  @CpuTask({ timeout: 60_000 })
  async develop(
    bytes: Uint8Array<ArrayBuffer>,
    settings: PictureSettings,
  ): Promise<DevelopedPicture> {
    const picture = await this.#studio.develop(bytes, settings);
    return transfer(
      picture,
      picture.renditions.map((rendition) => rendition.bytes.buffer),
    );
  }
}
