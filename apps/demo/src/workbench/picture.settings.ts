import { z } from 'zod';
import { LIMITS } from './limits.js';

/** A field of a form is a text, and `Number(' ')` would be 0. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'takes a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** The other fields of the form that uploads a picture. */
export const pictureSettingsSchema = z.object({
  /** Width of the resized picture, which keeps its proportions. */
  width: wholeNumber(16, LIMITS.width).default(640),
  /** Radius in pixels. */
  blur: wholeNumber(0, 60).default(10),
  colours: wholeNumber(2, 12).default(6),
});

export type PictureSettings = z.infer<typeof pictureSettingsSchema>;
