/** The result of a task, the same for every peer. */
export interface Outcome {
  readonly uid: string;
  readonly result: number;
}

/** How bytes travel there and back. */
export type PayloadWay = 'cloned' | 'transferred' | 'shared';

/** Options of a task that waits and is cancelled. */
export interface WaitingOptions {
  readonly signal?: AbortSignal;
  readonly priority?: number;
}

/** A task that can be cancelled. */
export interface Cancellable {
  readonly settled: Promise<unknown>;
  cancel(): void;
}

/** A started peer and its abilities, which differ from peer to peer. */
export interface Pool {
  /** The task of most measurements, see `work/work.ts`. */
  readonly work?: (steps: number) => Promise<Outcome>;
  /** The same with a handle for the task. */
  readonly workWithHandle?: (steps: number) => Promise<Outcome>;
  /** Many items at once, with the peer's own function for that. */
  readonly map?: (items: Iterable<number>) => AsyncIterable<Outcome>;
  readonly meet?: (barrier: Int32Array, parties: number) => Promise<unknown>;
  readonly hang?: (flag: Int32Array) => Promise<Cancellable>;
  /** Bytes there and back. */
  readonly bounce?: (bytes: Uint8Array, way: PayloadWay) => Promise<Uint8Array>;
  /** A tiny task with options. */
  readonly queue?: (options: WaitingOptions) => Promise<unknown>;
  /** A tiny task with a handle, which can cancel it. */
  readonly queueWithHandle?: () => Promise<Cancellable>;
  /** Stops starting tasks. */
  readonly pause?: () => void;
  /** Resolves when the workers that the pool keeps have started again. */
  readonly ready?: () => Promise<unknown>;
  /** Renders Markdown to HTML, and returns its length. */
  readonly render?: (markdown: string) => Promise<number>;
  /** Blurs a picture, given and returned as pixels. */
  readonly blur?: (pixels: Uint8Array, width: number) => Promise<Uint8Array>;
  readonly end: () => Promise<unknown>;
}

/** @throws Error if the peer lacks the ability, which is a mistake in a scenario */
export function able<K extends keyof Pool>(pool: Pool, ability: K): NonNullable<Pool[K]> {
  const found = pool[ability];
  if (!found) {
    throw new Error(`This peer has no ${ability}(): give the scenario one that has`);
  }
  return found;
}

/** How a peer is started. */
export interface StartOptions {
  readonly workers: number;
  /** Whether all workers start before the first task. Otherwise none does. */
  readonly warm: boolean;
  /** The grace of a cancelled handler in ms, in a pool that has such an option. */
  readonly cancelGraceMs?: number;
  /** Spare workers, in a pool that has them. */
  readonly spares?: number;
  /** Whether the start must not use anything that an earlier start has stored. */
  readonly firstStart?: boolean;
}

/** Starts what is measured: a library, or the code that does without one. */
export type StartPeer = (options: StartOptions) => Promise<Pool> | Pool;

/** How long a worker that was started on demand stays: this library's default. */
export const KEEP_MS = 60_000;

/** The path of a compiled worker. */
export function workerFile(name: string): URL {
  return new URL(`./workers/${name}.js`, import.meta.url);
}
