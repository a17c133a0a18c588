/** Of the six connections that a browser opens to a host. */
const PER_HOST = 5;

/**
 * Several names of this server. A browser opens six connections to a host, and a pool of eight workers
 * would starve on them; so tiles are asked for under names of their own, as map servers used to. On
 * loopback these are `*.localhost`, which browsers know to be this machine. Elsewhere it is one host.
 */
export class TileHosts {
  #hosts;

  constructor({ hostname, protocol, port, origin }) {
    const isLoopback = protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname);
    const names = isLoopback ? ['a', 'b', 'c', 'd'] : [];
    this.#hosts = [
      // What the page itself asks for must not wait behind tiles, so it keeps two for itself.
      { origin, room: isLoopback ? 0 : PER_HOST - 1, used: 0 },
      ...names.map((name) => ({
        origin: `http://${name}.localhost:${port}`,
        room: PER_HOST,
        used: 0,
      })),
    ];
  }

  /** A host with room; give it back with `release`. Undefined if all are busy. */
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

  /** A host that can't be reached (Safari knows no `a.localhost`) is no more asked; the page's own steps in. */
  giveUp(host) {
    if (host.origin === this.#hosts[0].origin) {
      return false;
    }
    host.room = 0;
    this.#hosts[0].room = PER_HOST - 1;
    return true;
  }
}
