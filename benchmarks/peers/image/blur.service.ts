import { Injectable } from '@nestjs/common';
import { CpuTask, transfer } from 'nestjs-asyncermp';
import { blur } from '../../work/blur.js';

/** The handler of the image job. */
@Injectable()
export class BlurService {
  @CpuTask()
  async blur(pixels: Uint8Array, width: number): Promise<Uint8Array> {
    return transfer(blur(pixels, width));
  }
}
