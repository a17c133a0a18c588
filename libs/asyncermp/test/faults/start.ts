import type { AsyncerMpOptions } from 'nestjs-asyncermp';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { startApplication, type TestApplication } from '../support/application.js';

/** An application whose handlers misbehave. */
export function startFaults(options: AsyncerMpOptions = {}): Promise<TestApplication> {
  return startApplication({ options: { maxProcesses: 1, ...options }, providers: [FaultService] });
}

/** Has the pool learn that a handler is a short one, so that its tasks are sent ahead of their turn. */
export async function teachShort({ get }: TestApplication): Promise<void> {
  for (let run = 0; run < 50; run++) {
    await get(FaultService).thread();
  }
}

/** So many workers at work at the same time: the pool is at full strength. */
export async function occupyAll({ mp }: TestApplication, count: number): Promise<number[]> {
  const open = new Flag();
  const started = new Flag();
  const threads = Array.from({ length: count }, () =>
    mp.run(FaultService, 'gate', [open.shared, started.shared]),
  );
  await started.reached(count);
  open.raise();
  return Promise.all(threads);
}

/** Blocks this thread, as a long computation of the application would. */
export function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
