import {
  Injectable,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { imageSize } from 'image-size';
import { LIMITS } from './limits.js';

const FORMATS = { jpg: 'JPEG', png: 'PNG', webp: 'WebP' } as const;

export type PictureFormat = (typeof FORMATS)[keyof typeof FORMATS];

/**
 * Checks the header of an uploaded file before it is unpacked. This runs in a worker, too: the thread
 * that answers all requests parses no uploads.
 */
@Injectable()
export class PictureInspector {
  /** @throws UnsupportedMediaTypeException, PayloadTooLargeException; both arrive with their class */
  inspect(bytes: Uint8Array): PictureFormat {
    const { type, width, height } = measure(bytes);
    if (type === undefined || !(type in FORMATS)) {
      throw new UnsupportedMediaTypeException(
        'This is no picture that is taken here: JPEG, PNG and WebP are',
      );
    }
    if (width * height > LIMITS.pixels) {
      throw new PayloadTooLargeException(
        `This picture has ${width} × ${height} pixels, and up to ${LIMITS.pixels / 1e6} million are taken`,
      );
    }
    return FORMATS[type as keyof typeof FORMATS];
  }
}

function measure(bytes: Uint8Array): { type?: string | undefined; width: number; height: number } {
  try {
    return imageSize(bytes);
  } catch {
    return { width: 0, height: 0 };
  }
}
