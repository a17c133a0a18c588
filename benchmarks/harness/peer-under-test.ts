import { peers, type PeerName } from '../peers/index.js';
import type { Pool, StartOptions } from '../peers/pool.js';

/** The peer of this process. The first measurement that needs it running starts it. */
export class PeerUnderTest {
  #pool: Promise<Pool> | undefined = undefined;
  readonly #options: StartOptions;

  constructor(
    readonly name: PeerName,
    options: StartOptions,
  ) {
    this.#options = options;
  }

  /** The started pool, with warm workers. */
  get pool(): Promise<Pool> {
    return (this.#pool ??= this.#start());
  }

  /** The number of workers. */
  get workers(): number {
    return this.#options.workers;
  }

  async end(): Promise<void> {
    const pool = await this.#pool;
    await pool?.end();
  }

  async #start(): Promise<Pool> {
    const start = await peers[this.name]();
    return start(this.#options);
  }
}
