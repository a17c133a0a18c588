import { TILE_SIZE } from './view.js';

/** The most tiles in the cache. Each takes a quarter of a megabyte. */
const MOST_TILES = 320;

/** The latest tiles, as canvases that can be drawn. */
export class TileCache {
  /** By position, least recently used first. */
  #tiles = new Map();

  has({ z, x, y, iterations }) {
    return this.#tiles.get(`${z}/${x}/${y}`)?.iterations === iterations;
  }

  get(tile) {
    return this.has(tile) ? this.getAny(tile) : undefined;
  }

  /** Finds a tile with any number of iterations. */
  getAny({ z, x, y }) {
    const key = `${z}/${x}/${y}`;
    const found = this.#tiles.get(key);
    if (!found) {
      return undefined;
    }
    this.#tiles.delete(key);
    this.#tiles.set(key, found);
    return found.image;
  }

  /** @param {ArrayBuffer} pixels - RGBA */
  put({ z, x, y, iterations }, pixels) {
    const image = document.createElement('canvas');
    image.width = TILE_SIZE;
    image.height = TILE_SIZE;
    const data = new ImageData(new Uint8ClampedArray(pixels), TILE_SIZE);
    image.getContext('2d').putImageData(data, 0, 0);
    this.#tiles.set(`${z}/${x}/${y}`, { image, iterations });
    if (this.#tiles.size > MOST_TILES) {
      this.#tiles.delete(this.#tiles.keys().next().value);
    }
  }
}
