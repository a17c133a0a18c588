import { reasonOf } from '../shared/api.js';
import { TileHosts } from './tile-hosts.js';

/** On the main thread each one freezes the server, the switch back included. */
const MOST_ON_MAIN = 2;
const RETRY_AFTER_MS = 2_000;

/** Asks for tiles, nearest first, and takes back what is wanted no more. */
export class TileLoader {
  /** The last refusal; undefined once tiles come again. */
  failure;
  #cache;
  #onChange;
  #hosts = new TileHosts(location);
  #wanted = [];
  /** What is under way: an AbortController by key. */
  #requests = new Map();
  #refusedAt = new Map();
  #place = 'pool';

  constructor(cache, onChange) {
    this.#cache = cache;
    this.#onChange = onChange;
  }

  /** How many are wanted and have not come. */
  get open() {
    return this.#wanted.length;
  }

  setPlace(place) {
    this.#place = place;
  }

  /** From now on these and no others: aborting a request cancels its task on the server. */
  want(tiles) {
    this.#wanted = tiles;
    const keys = new Set(tiles.map(keyOf));
    for (const [key, controller] of this.#requests) {
      if (!keys.has(key)) {
        controller.abort();
      }
    }
    this.#pump();
  }

  #pump() {
    const most = this.#place === 'main' ? MOST_ON_MAIN : Infinity;
    for (const tile of this.#wanted) {
      if (this.#requests.size >= most) {
        return;
      }
      const key = keyOf(tile);
      const refusedAt = this.#refusedAt.get(key) ?? -Infinity;
      if (this.#requests.has(key) || performance.now() - refusedAt < RETRY_AFTER_MS) {
        continue;
      }
      const host = this.#hosts.take();
      if (!host) {
        return;
      }
      void this.#load(tile, key, host);
    }
  }

  async #load(tile, key, host) {
    const controller = new AbortController();
    this.#requests.set(key, controller);
    try {
      const response = await fetch(urlOf(tile, host), { signal: controller.signal });
      if (!response.ok) {
        throw new Error(await reasonOf(response));
      }
      this.#cache.put(tile, await response.arrayBuffer());
      this.failure = undefined;
    } catch (error) {
      if (!controller.signal.aborted) {
        this.#refuse(key, host, error);
      }
    }
    // Not before: an aborted request would otherwise make room that its connection has not left.
    this.#requests.delete(key);
    this.#hosts.release(host);
    this.#onChange();
  }

  #refuse(key, host, error) {
    // A fetch that reached nobody is a TypeError.
    if (error instanceof TypeError && this.#hosts.giveUp(host)) {
      return;
    }
    this.failure = error.message;
    this.#refusedAt.set(key, performance.now());
    setTimeout(() => this.#onChange(), RETRY_AFTER_MS);
  }
}

function keyOf({ z, x, y, iterations }) {
  return `${z}/${x}/${y}/${iterations}`;
}

function urlOf({ z, x, y, iterations, distance }, { origin }) {
  // In tenths of a tile, as the server takes whole numbers.
  const nearness = Math.round(distance * 10);
  return `${origin}/tiles/${z}/${x}/${y}?iterations=${iterations}&distance=${nearness}`;
}
