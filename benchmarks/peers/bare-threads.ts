import { Worker } from 'node:worker_threads';
import { workerFile, type Outcome, type Pool, type StartOptions } from './pool.js';

interface Call {
  readonly message: readonly [method: string, ...args: unknown[]];
  readonly transferList: readonly ArrayBuffer[];
  readonly resolve: (result: unknown) => void;
}

const NONE: readonly ArrayBuffer[] = [];

/**
 * A hand-written pool on worker_threads, after the example in Node's documentation: a worker has one task
 * at a time, sent in one message, and further tasks wait in a list.
 */
class BareThreads {
  readonly #threads: Worker[] = [];
  readonly #free: Worker[] = [];
  readonly #waiting: Call[] = [];
  readonly #current = new Map<Worker, Call>();
  readonly #options: StartOptions;

  constructor(options: StartOptions) {
    this.#options = options;
    while (options.warm && this.#threads.length < options.workers) {
      this.#free.push(this.#start());
    }
  }

  call<R>(message: Call['message'], transferList: readonly ArrayBuffer[] = NONE): Promise<R> {
    return new Promise<unknown>((resolve) => {
      const call = { message, transferList, resolve };
      const thread = this.#free.pop() ?? this.#grow();
      if (thread) {
        this.#send(thread, call);
      } else {
        this.#waiting.push(call);
      }
    }) as Promise<R>;
  }

  end(): Promise<unknown> {
    return Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #grow(): Worker | undefined {
    return this.#threads.length < this.#options.workers ? this.#start() : undefined;
  }

  #start(): Worker {
    const thread = new Worker(workerFile('bare-threads.worker'));
    thread.on('message', (result) => this.#finish(thread, result));
    this.#threads.push(thread);
    return thread;
  }

  #send(thread: Worker, call: Call): void {
    this.#current.set(thread, call);
    thread.postMessage(call.message, call.transferList);
  }

  #finish(thread: Worker, result: unknown): void {
    const call = this.#current.get(thread);
    const next = this.#waiting.shift();
    if (next) {
      this.#send(thread, next);
    } else {
      this.#free.push(thread);
    }
    call?.resolve(result);
  }
}

/** worker_threads without a library. */
export function start(options: StartOptions): Pool {
  const threads = new BareThreads(options);
  return {
    work: (steps) => threads.call<Outcome>(['work', steps]),
    meet: (barrier, parties) => threads.call(['meet', barrier, parties]),
    bounce: (bytes, way) =>
      threads.call(
        ['bounce', bytes, way],
        way === 'transferred' ? [bytes.buffer as ArrayBuffer] : NONE,
      ),
    end: () => threads.end(),
  };
}
