import type { Pool, StartOptions } from '../pool.js';
import { twenty } from '../providers/twenty.js';
import { createApplication } from './application.js';
import { TwentyService } from './twenty.service.js';

/** nestjs-asyncermp in full, with twenty injected providers. */
export async function start(options: StartOptions): Promise<Pool> {
  const app = await createApplication([...twenty, TwentyService], options);
  const service = app.get(TwentyService);
  return {
    work: (steps) => service.work(steps),
    meet: (barrier, parties) => service.meet(barrier, parties),
    end: () => app.close(),
  };
}
