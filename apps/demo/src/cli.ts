import { NestFactory } from '@nestjs/core';
import { readCliOptions, USAGE, UsageError, type CliOptions } from './terminal/cli-options.js';
import { ComparisonService } from './terminal/comparison.service.js';
import type { Job, JobFactory } from './terminal/job.js';
import { SiteJobFactory } from './terminal/site.job.js';
import { SumsJobFactory } from './terminal/sums.job.js';
import { Terminal } from './terminal/terminal.js';
import { TerminalLogger } from './terminal/terminal.logger.js';
import { TerminalModule } from './terminal/terminal.module.js';

/** The demo on the terminal: `npm run demo:cli -- --help`. */
async function main(args: readonly string[]): Promise<void> {
  const options = readCliOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  await compare(options);
}

async function compare(options: CliOptions): Promise<void> {
  const terminal = new Terminal(process.stdout);
  const app = await NestFactory.createApplicationContext(
    TerminalModule.forRoot(options.processes, terminal),
    { logger: new TerminalLogger(terminal) },
  );
  try {
    // All jobs first, so that a job that cannot be done is reported before one starts.
    const jobs: Job[] = [];
    for (const name of options.jobs) {
      const factory = app.get<JobFactory>(name === 'sums' ? SumsJobFactory : SiteJobFactory);
      jobs.push(await factory.create(options));
    }
    for (const job of jobs) {
      await app.get(ComparisonService).compare(job);
    }
  } finally {
    await app.close();
  }
}

// `npm run demo:cli | head` closes the pipe. There is no reader left, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    process.exit(0);
  }
  throw error;
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\nTry --help.\n`);
  process.exitCode = 2;
}
