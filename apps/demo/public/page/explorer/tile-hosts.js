/** Requests per host: a browser opens at most six connections to one. */
const PER_HOST = 5;

/**
 * Several names of this server. A browser opens six connections to a host, too few for a pool of eight
 * workers. So tiles are requested under further names, as map servers used to do. On loopback these are
 * `*.localhost`, which browsers resolve to this machine. Elsewhere there is only one host.
 */
export class TileHosts {
  #hosts;

  constructor({ hostname, protocol, port, origin }) {
    const isLoopback = protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname);
    const names = isLoopback ? ['a', 'b', 'c', 'd'] : [];
    this.#hosts = [
      // Two connections stay free, so that other requests of the page do not wait behind tiles.
      { origin, room: isLoopback ? 0 : PER_HOST - 1, used: 0 },
      ...names.map((name) => ({
        origin: `http://${name}.localhost:${port}`,
        room: PER_HOST,
        used: 0,
      })),
    ];
  }

  /** A host with a free connection, to be returned with `release`. Undefined if all are busy. */
  take() {
    const host = this.#hosts.find(({ room, used }) => used < room);
    if (host) {
      host.used++;
    }
    return host;
  }

  release(host) {
    host.used--;
  }

  /** Stops using a host that cannot be reached: Safari does not resolve `a.localhost`. */
  giveUp(host) {
    if (host.origin === this.#hosts[0].origin) {
      return false;
    }
    host.room = 0;
    this.#hosts[0].room = PER_HOST - 1;
    return true;
  }
}
