import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { goTo, tilesCame } from './browser.js';
import { inBrowser } from './in-browser.js';

const LIMIT = { timeout: 150_000 };

const test = inBrowser();

describe('the live view of the event loop', LIMIT, () => {
  it('shows low delays with the pool and high ones without it, in chart, pulse and worst delays', async () => {
    const { page, troubles } = await test.browser.open(test.server.origin);
    await tilesCame(page);
    await page.getByRole('button', { name: 'Forget' }).click();

    await goTo(page, 'Deep');
    await page.locator('#map-status:not([data-open="0"])').waitFor();
    await tilesCame(page);
    const inPool = await mostOnChart(page);
    await page.locator('#pulse[data-state="beating"]').waitFor();

    await page.getByRole('switch', { name: 'Run on the main thread instead' }).click();
    await goTo(page, 'Inside');
    await page.locator('#pulse[data-state="stopped"]').waitFor();
    // Home is little work, so the switch back is heard.
    await page.getByRole('button', { name: 'The whole set' }).click();
    await page.getByRole('switch', { name: 'Run on the main thread instead' }).click();
    await page.locator('#pulse[data-state="beating"]').waitFor();
    await page.locator('#worst-main', { hasText: ' s' }).waitFor();
    const onMain = await mostOnChart(page);
    console.log(
      `Loop delay, worst: ${inPool} ms with the pool, ${onMain} ms on the main thread ` +
        `(the page says ${await text(page, '#worst-pool')} and ${await text(page, '#worst-main')})`,
    );
    expect(onMain).toBeGreaterThan(1_000);
    expect(inPool).toBeLessThan(onMain / 3);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('charts tasks, workers and throughput', async () => {
    const { page } = await test.browser.open(test.server.origin);
    await goTo(page, 'Seahorses');
    await page.getByRole('img', { name: /^Tasks, waiting at most [1-9]/ }).waitFor();
    await page.getByRole('img', { name: /^Workers, there are at most [1-9]/ }).waitFor();
    await page.getByRole('img', { name: /^Throughput, done a second at most [1-9]/ }).waitFor();
    await page.close();
  });
});

/** In milliseconds, as the chart tells those who do not see it. */
async function mostOnChart(page: Page): Promise<number> {
  const label = await page.getByRole('img', { name: /^Loop delay/ }).getAttribute('aria-label');
  return Number(/at most (\d+) ms/.exec(label ?? '')?.[1]);
}

async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? '';
}
