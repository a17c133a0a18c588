import { transfer } from 'nestjs-asyncermp';
import { createApplication } from '../asyncermp/application.js';
import type { Pool, StartOptions } from '../pool.js';
import { BlurService } from './blur.service.js';

/** nestjs-asyncermp, which transfers the pixels there and back. */
export async function start(options: StartOptions): Promise<Pool> {
  const app = await createApplication([BlurService], options);
  const service = app.get(BlurService);
  return {
    blur: (pixels, width) => service.blur(transfer(pixels), width),
    end: () => app.close(),
  };
}
