import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { goTo, TestBrowser, tilesCame } from './browser.js';
import { DemoServer } from './demo-server.js';

const REQUESTS = 300;
const EVERY_MS = 20;
const GENERATOR = fileURLToPath(new URL('./load-generator.mjs', import.meta.url));

/** How long answers took, in milliseconds; and how late the generator itself was. */
interface Latencies {
  readonly answered: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly late: number;
}

it(
  'the server answers every unrelated request while tiles are rendered, in the pool and on the main thread',
  { timeout: 300_000 },
  async () => {
    await using server = await DemoServer.start();
    await using browser = await TestBrowser.launch();
    const { page } = await browser.open(server.origin);
    // Both workers have started.
    await tilesCame(page);
    await goTo(page, 'Deep');

    const inPool = await whilePanning(page, () => measureHealth(server));
    await page.getByRole('switch', { name: 'Run on the main thread instead' }).click();
    const onMain = await whilePanning(page, () => measureHealth(server));

    console.log(
      [
        `GET /health every ${EVERY_MS} ms while the explorer is panned, 2 processes ` +
          `(${availableParallelism()} CPUs, load ${loadavg()[0]?.toFixed(1)}):`,
        line('in the pool', inPool),
        line('on the main thread', onMain),
      ].join('\n'),
    );
    // How soon depends on what else this machine does: live.spec.ts compares the delays of the event loop.
    expect(inPool.answered).toBe(REQUESTS);
    expect(onMain.answered).toBe(REQUESTS);
  },
);

async function measureHealth({ origin }: DemoServer): Promise<Latencies> {
  const args = [GENERATOR, `${origin}/health`, String(REQUESTS), String(EVERY_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 90_000 });
  return JSON.parse(stdout) as Latencies;
}

/** Drags the map round and round until the work is done. */
async function whilePanning<R>(page: Page, work: () => Promise<R>): Promise<R> {
  const [x, y, radius] = [450, 400, 250];
  const done = new AbortController();
  const working = work().finally(() => done.abort());
  await page.mouse.move(x + radius, y);
  await page.mouse.down();
  for (let angle = 0; !done.signal.aborted; angle += 0.2) {
    await page.mouse.move(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    // Out of what is there already.
    if (angle % 6 < 0.2) {
      await page.keyboard.press('ArrowRight');
    }
  }
  await page.mouse.up();
  return working;
}

function line(name: string, { p50, p99, max, late }: Latencies): string {
  return `  ${name.padEnd(18)}  p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (the generator itself up to ${late} ms late)`;
}
