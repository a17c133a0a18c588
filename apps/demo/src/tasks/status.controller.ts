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

  /** Answers as long as the event loop runs, which the pool keeps free. */
  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }
}
