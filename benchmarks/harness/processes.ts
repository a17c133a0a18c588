import type { Figures } from '../measurements/figures.js';
import type { MeasurementName, ParamsOf } from '../measurements/index.js';
import type { PeerName } from '../peers/index.js';
import type { StartOptions } from '../peers/pool.js';
import type { Contestant } from './case.js';
import { PeerProcess } from './peer-process.js';

const WARM: StartOptions = { workers: 2, warm: true };

/** How a contestant differs from the default, which is the peer with two warm workers. */
interface Choices extends Partial<StartOptions> {
  readonly name?: string;
  /** Contestants of different groups share no process, so that one leaves no garbage to the next. */
  readonly group?: string;
}

/** The processes of a scenario: one for each peer and way to start it, until the scenario ends. */
export class Processes {
  readonly #running = new Map<string, PeerProcess>();

  /** A contestant that keeps its process and its pool over all rounds. */
  contestant<M extends MeasurementName>(
    peer: PeerName,
    measurement: M,
    params: ParamsOf<M>,
    { name = peer, group = '', ...options }: Choices = {},
  ): Contestant {
    return {
      name,
      measure: () =>
        this.#process(peer, group, { ...WARM, ...options }).measure(measurement, params),
    };
  }

  /** A contestant that is measured in a new process each time. */
  fresh<M extends MeasurementName>(
    peer: PeerName,
    measurement: M,
    params: ParamsOf<M>,
    { name = peer, ...options }: Omit<Choices, 'group'> = {},
  ): Contestant {
    return {
      name,
      measure: async (): Promise<Figures> => {
        const process = new PeerProcess(peer, { ...WARM, ...options }, ['--expose-gc']);
        try {
          return await process.measure(measurement, params);
        } finally {
          process.kill();
        }
      },
    };
  }

  async end(): Promise<void> {
    const processes = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(processes.map((process) => process.end()));
  }

  #process(peer: PeerName, group: string, options: StartOptions): PeerProcess {
    const key = JSON.stringify([peer, group, options]);
    let process = this.#running.get(key);
    if (!process) {
      process = new PeerProcess(peer, options);
      this.#running.set(key, process);
    }
    return process;
  }
}
