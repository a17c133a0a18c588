import { z } from 'zod';
import { LIMITS } from './limits.js';

/** A field of a form is text; a space is no 0. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'takes a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** What a client may ask for, beside the picture in the same form. */
export const pictureSettingsSchema = z.object({
  /** Of the resized picture; its height follows. */
  width: wholeNumber(16, LIMITS.width).default(640),
  /** Radius in pixels. */
  blur: wholeNumber(0, 60).default(10),
  colours: wholeNumber(2, 12).default(6),
});

export type PictureSettings = z.infer<typeof pictureSettingsSchema>;
