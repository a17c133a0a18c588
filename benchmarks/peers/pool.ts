/** What a task of every peer gives. */
export interface Outcome {
  readonly uid: string;
  readonly result: number;
}

/** How bytes travel there and back. */
export type PayloadWay = 'cloned' | 'transferred' | 'shared';

/** Options of a task that is there to wait, and to be cancelled. */
export interface WaitingOptions {
  readonly signal?: AbortSignal;
  readonly priority?: number;
}

/** A task that can be cancelled. */
export interface Cancellable {
  readonly settled: Promise<unknown>;
  cancel(): void;
}

/** A peer that was started, and what it can do: not everything is asked of every peer. */
export interface Pool {
  /** The task of most measurements, see `work/work.ts`. */
  readonly work?: (steps: number) => Promise<Outcome>;
  /** The same with a handle for the task. */
  readonly workWithHandle?: (steps: number) => Promise<Outcome>;
  /** Many at once, by the peer's own means for that. */
  readonly map?: (items: Iterable<number>) => AsyncIterable<Outcome>;
  readonly meet?: (barrier: Int32Array, parties: number) => Promise<unknown>;
  readonly hang?: (flag: Int32Array) => Promise<Cancellable>;
  /** Bytes there and back. */
  readonly bounce?: (bytes: Uint8Array, way: PayloadWay) => Promise<Uint8Array>;
  /** A tiny task with options. */
  readonly queue?: (options: WaitingOptions) => Promise<unknown>;
  /** A tiny task with a handle to cancel it by. */
  readonly queueWithHandle?: () => Promise<Cancellable>;
  /** Starts nothing any more. */
  readonly pause?: () => void;
  /** Resolves when the workers that are kept are there again. */
  readonly ready?: () => Promise<unknown>;
  /** Renders Markdown to HTML, and gives its length. */
  readonly render?: (markdown: string) => Promise<number>;
  /** Blurs a picture: takes its pixels, and gives them back. */
  readonly blur?: (pixels: Uint8Array, width: number) => Promise<Uint8Array>;
  readonly end: () => Promise<unknown>;
}

/** @throws Error where the peer was asked for what it cannot do: a mistake in a scenario */
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
  /** Whether the workers are there before the first task; otherwise none is. */
  readonly warm: boolean;
  /** How long a cancelled handler may go on, in ms, where that can be chosen. */
  readonly cancelGraceMs?: number;
  /** Workers that are kept beside those in use, where there is such a thing. */
  readonly spares?: number;
  /** Whether nothing is there that an earlier start has left for this one, where there is such a thing. */
  readonly anew?: boolean;
}

/** What is measured: a library, or the way to do without one. */
export type StartPeer = (options: StartOptions) => Promise<Pool> | Pool;

/** How long a worker stays that was started on demand: as long as this library keeps it by default. */
export const KEEP_MS = 60_000;

/** The path of a compiled worker. */
export function workerFile(name: string): URL {
  return new URL(`./workers/${name}.js`, import.meta.url);
}
