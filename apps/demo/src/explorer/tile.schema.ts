import { z } from 'zod';

/** Pixels along a side of a tile. */
export const TILE_SIZE = 256;

/** The last level on which neighbouring pixels are different numbers for a double. */
const DEEPEST = 42;

/** Digits only, since `Number('')` is 0 and `Number('1e9')` is a billion. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'takes a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** The position of a tile. Level `z` has 2^z tiles along each side of the plane. */
export const tilePositionSchema = z
  .object({
    z: wholeNumber(0, DEEPEST),
    x: wholeNumber(0, 2 ** DEEPEST - 1),
    y: wholeNumber(0, 2 ** DEEPEST - 1),
  })
  .refine(({ z: level, x, y }) => Math.max(x, y) < 2 ** level, {
    error: 'x and y take whole numbers below 2^z',
  });

/** How the tile is rendered. */
export const tileQuerySchema = z.object({
  /** After this number of turns a point counts as inside. It bounds the work of a tile. */
  iterations: wholeNumber(1, 50_000).default(500),
  /** The distance from the middle of the view, in tiles. The nearest tile is rendered first. */
  distance: wholeNumber(0, 10_000).default(0),
});

export type TilePosition = z.infer<typeof tilePositionSchema>;
export type TileQuery = z.infer<typeof tileQuerySchema>;
