import { reasonOf } from '../shared/api.js';
import { TileHosts } from './tile-hosts.js';

/** Requests at a time on the main thread, where each tile freezes the server, even for the switch back. */
const MOST_ON_MAIN = 2;
const RETRY_AFTER_MS = 2_000;

/** Requests tiles, the nearest first, and aborts the requests for tiles that left the view. */
export class TileLoader {
  /** The last error; undefined once a tile has arrived again. */
  failure;
  #cache;
  #onChange;
  #hosts = new TileHosts(location);
  #wanted = [];
  /** Requests in flight: an AbortController by key. */
  #requests = new Map();
  #refusedAt = new Map();
  #place = 'pool';

  constructor(cache, onChange) {
    this.#cache = cache;
    this.#onChange = onChange;
  }

  /** How many tiles in view are missing. */
  get open() {
    return this.#wanted.length;
  }

  setPlace(place) {
    this.#place = place;
  }

  /** Sets the tiles to load, and aborts all other requests, which cancels their tasks on the server. */
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
    // Only now, since the connection of an aborted request stays in use until then.
    this.#requests.delete(key);
    this.#hosts.release(host);
    this.#onChange();
  }

  #refuse(key, host, error) {
    // fetch() throws a TypeError if it cannot reach the host.
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
  // In tenths of a tile, since the server accepts whole numbers only.
  const nearness = Math.round(distance * 10);
  return `${origin}/tiles/${z}/${x}/${y}?iterations=${iterations}&distance=${nearness}`;
}
