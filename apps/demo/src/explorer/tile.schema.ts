import { z } from 'zod';

/** Pixels along a side of a tile. */
export const TILE_SIZE = 256;

/** Deeper than this, neighbouring pixels are the same number to a double. */
const DEEPEST = 42;

/** Digits only: `Number('')` is 0, and `Number('1e9')` a surprise. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'takes a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** Which tile: on level `z` there are 2^z of them along each side of the plane. */
export const tilePositionSchema = z
  .object({
    z: wholeNumber(0, DEEPEST),
    x: wholeNumber(0, 2 ** DEEPEST - 1),
    y: wholeNumber(0, 2 ** DEEPEST - 1),
  })
  .refine(({ z: level, x, y }) => Math.max(x, y) < 2 ** level, {
    error: 'x and y take whole numbers below 2^z',
  });

/** How it is rendered. */
export const tileQuerySchema = z.object({
  /** After so many turns a point counts as inside. What bounds the work of a tile. */
  iterations: wholeNumber(1, 50_000).default(500),
  /** How far the tile is from the middle of the view, in tiles: the nearest is rendered first. */
  distance: wholeNumber(0, 10_000).default(0),
});

export type TilePosition = z.infer<typeof tilePositionSchema>;
export type TileQuery = z.infer<typeof tileQuerySchema>;
