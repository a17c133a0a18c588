import { threadId } from 'node:worker_threads';

/** What this thread has made or done of the things that belong to the application alone. */
const noted = new Set<string>();

export interface Presence {
  /** The main thread is number 0. */
  readonly threadId: number;
  readonly noted: readonly string[];
}

export function note(what: string): void {
  noted.add(what);
}

export function presence(): Presence {
  return { threadId, noted: [...noted] };
}
