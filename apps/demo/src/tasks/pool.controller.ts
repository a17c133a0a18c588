import { Body, Controller, Post, Put } from '@nestjs/common';
import { AsyncerMpService, type PoolStats } from 'nestjs-asyncermp';
import { z } from 'zod';

const poolSizeSchema = z.strictObject({ maxProcesses: z.int().min(1).max(64) });

/** Pauses, resumes and resizes the pool. */
@Controller('pool')
export class PoolController {
  readonly #mp: AsyncerMpService;

  constructor(mp: AsyncerMpService) {
    this.#mp = mp;
  }

  @Post('pause')
  async pause(): Promise<PoolStats> {
    await this.#mp.pause();
    return this.#mp.stats();
  }

  @Post('resume')
  async resume(): Promise<PoolStats> {
    await this.#mp.resume();
    return this.#mp.stats();
  }

  @Put('size')
  resize(@Body({ schema: poolSizeSchema }) { maxProcesses }: z.infer<typeof poolSizeSchema>) {
    this.#mp.resize(maxProcesses);
    return this.#mp.stats();
  }
}
