import { Injectable } from '@nestjs/common';
import { AsyncerMpService } from 'nestjs-asyncermp';
import { CompletionListener } from './completion.listener.js';
import { countText, millisecondsText, secondsText } from './format.js';
import type { Job, JobPart } from './job.js';
import { LoopMonitor, type LoopDelays, type LoopSample } from '../loop/loop.monitor.js';
import { Terminal, type Progress } from './terminal.js';

/** The time between two samples of the loop. */
const SAMPLE_MS = 250;

interface Run {
  readonly ms: number;
  /** CPU time of all threads together. */
  readonly cpuMs: number;
  readonly delays: LoopDelays;
}

/** A way to do all parts of a job. */
type Way = <R>(parts: readonly JobPart<R>[], bar: Progress) => Promise<PromiseSettledResult<R>[]>;

/** Runs a job in the pool and on the main thread, and reports the delay of the event loop. */
@Injectable()
export class ComparisonService {
  readonly #mp: AsyncerMpService;
  readonly #terminal: Terminal;
  readonly #completions: CompletionListener;

  constructor(mp: AsyncerMpService, terminal: Terminal, completions: CompletionListener) {
    this.#mp = mp;
    this.#terminal = terminal;
    this.#completions = completions;
  }

  async compare(job: Job): Promise<void> {
    const terminal = this.#terminal;
    const { maxProcesses } = this.#mp.stats();
    terminal.line(`\n=== ${job.title} ===`);
    terminal.line(`\nIn the pool, ${countText(maxProcesses, 'worker')}:`);
    const pooled = await this.#measure(job, inPool);
    terminal.line('\nOn the main thread, in place:');
    const alone = await this.#measure(job, inPlace);

    terminal.line('\n                   time   CPU time   loop delay p99      longest');
    terminal.line(rowText('pool', pooled));
    terminal.line(rowText('main thread', alone));
    terminal.line(`Speed-up: ${(alone.ms / pooled.ms).toFixed(2)}`);
  }

  async #measure(job: Job, run: Way): Promise<Run> {
    const monitor = new LoopMonitor();
    const bar = this.#terminal.progress(job.parts.length);
    const report = () => {
      this.#completions.endInterval();
      this.#terminal.line(sampleText(monitor.sample()));
    };
    const timer = setInterval(report, SAMPLE_MS);
    const startedAt = performance.now();
    const cpuAtStart = process.cpuUsage();
    try {
      const outcomes = await run(job.parts, bar);
      const ms = performance.now() - startedAt;
      const { user, system } = process.cpuUsage(cpuAtStart);
      report();
      const delays = monitor.stop();
      bar.end();
      for (const line of await job.finish(outcomes)) {
        this.#terminal.line(`  = ${line}`);
      }
      return { ms, cpuMs: (user + system) / 1_000, delays };
    } finally {
      clearInterval(timer);
    }
  }
}

const inPool: Way = (parts, bar) =>
  Promise.allSettled(parts.map((part) => part.inPool().finally(() => bar.advance())));

/** One part after another, as without a pool. Only waiting for I/O lets other code run. */
const inPlace: Way = async (parts, bar) => {
  const outcomes = [];
  for (const part of parts) {
    outcomes.push(...(await Promise.allSettled([part.inPlace()])));
    bar.advance();
  }
  return outcomes;
};

function sampleText({ loop, loadPercent, delayMs }: LoopSample): string {
  return `LOOP:${loop}, PROCESS_LOAD%:${loadPercent.toFixed(1)}, LOOP_DELAY:${delayMs.toFixed(1)} ms`;
}

function rowText(name: string, { ms, cpuMs, delays }: Run): string {
  return (
    name.padEnd(12) +
    secondsText(ms).padStart(11) +
    secondsText(cpuMs).padStart(11) +
    millisecondsText(delays.p99Ms).padStart(17) +
    millisecondsText(delays.maxMs).padStart(13)
  );
}
