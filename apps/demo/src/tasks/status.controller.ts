import { Controller, Get } from '@nestjs/common';
import { AsyncerMpService, type PoolStats } from 'nestjs-asyncermp';

@Controller()
export class StatusController {
  readonly #mp: AsyncerMpService;

  constructor(mp: AsyncerMpService) {
    this.#mp = mp;
  }

  @Get('stats')
  stats(): PoolStats {
    return this.#mp.stats();
  }

  /** Answers as long as the event loop turns, which is what the pool is for. */
  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
