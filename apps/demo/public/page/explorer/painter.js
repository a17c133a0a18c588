import { TILE_SIZE } from './view.js';

/** How many levels up or down are searched for a tile to show in place of a missing one. */
const LOOK_UP = 8;

/** Draws the tiles in the cache, and parts of coarser or finer ones in place of missing tiles. */
export function paint(canvas, view, tiles, cache) {
  const context = canvas.getContext('2d', { alpha: false });
  context.fillStyle = getComputedStyle(canvas).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const tile of tiles) {
    const image = cache.get(tile);
    const { left, top, width, height } = view.rectangleOf(tile);
    if (image) {
      context.drawImage(image, left, top, width, height);
    } else if (!paintCoarser(context, view, tile, cache)) {
      paintFiner(context, view, tile, cache);
    }
  }
}

function paintCoarser(context, view, tile, cache) {
  for (let up = 1; up <= Math.min(LOOK_UP, tile.z); up++) {
    const parts = 2 ** up;
    const parent = {
      z: tile.z - up,
      x: Math.floor(tile.x / parts),
      y: Math.floor(tile.y / parts),
    };
    const image = cache.getAny(parent);
    if (!image) {
      continue;
    }
    const size = TILE_SIZE / parts;
    const { left, top, width, height } = view.rectangleOf(tile);
    const [x, y] = [(tile.x % parts) * size, (tile.y % parts) * size];
    context.drawImage(image, x, y, size, size, left, top, width, height);
    return true;
  }
  return false;
}

function paintFiner(context, view, { z, x, y }, cache) {
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ]) {
    const child = { z: z + 1, x: 2 * x + dx, y: 2 * y + dy };
    const image = cache.getAny(child);
    if (!image) {
      continue;
    }
    const { left, top, width, height } = view.rectangleOf(child);
    context.drawImage(image, left, top, width, height);
  }
}
