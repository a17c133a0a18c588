import type { AsyncerMpOptions } from 'nestjs-asyncermp';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { startApplication, type TestApplication } from '../support/application.js';

/** An application whose handlers misbehave. */
export function startFaults(options: AsyncerMpOptions = {}): Promise<TestApplication> {
  return startApplication({ options: { maxProcesses: 1, ...options }, providers: [FaultService] });
}

/** Runs a handler until the pool knows it as short, and prefetches its tasks. */
export async function teachShort({ get }: TestApplication): Promise<void> {
  for (let run = 0; run < 50; run++) {
    await get(FaultService).thread();
  }
}

/** Runs a task on each of `count` workers at the same time. Returns their threads. */
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
