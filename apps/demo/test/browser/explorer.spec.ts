import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { goTo, tilesCame } from './browser.js';
import { inBrowser } from './in-browser.js';
import { differingShare, referenceTile } from './reference.js';

const LIMIT = { timeout: 120_000 };
const TILES = 'TileTasks.render';

const test = inBrowser();

describe('the explorer', LIMIT, () => {
  it('shows tiles that match a reference implementation pixel by pixel', async () => {
    const { page, troubles } = await test.browser.open('about:blank');
    const iterations = new Map<string, number>();
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.startsWith('/tiles/')) {
        iterations.set(pathname, Number(searchParams.get('iterations')));
      }
    });
    await page.goto(test.server.origin);
    await tilesCame(page);
    const level = Number(/2\^(\d+)\.0/.exec(await statusOf(page))?.[1]);
    // The middle of the canvas is a corner of four tiles.
    for (const [column, row] of [
      [0, 0],
      [-1, -1],
    ] as const) {
      const [x, y] = [2 ** level / 2 + column, 2 ** level / 2 + row];
      const reference = referenceTile(
        level,
        x,
        y,
        iterations.get(`/tiles/${level}/${x}/${y}`) ?? 0,
      );
      const pixels = await pixelsAt(page, column * 256, row * 256);
      expect(differingShare(pixels, reference)).toBeLessThan(0.001);
    }
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('requests the tiles nearest to the centre first', async () => {
    const distances: number[] = [];
    const { page } = await test.browser.open('about:blank');
    page.on('request', (request) => {
      const distance = new URL(request.url()).searchParams.get('distance');
      if (distance !== null) {
        distances.push(Number(distance));
      }
    });
    await page.goto(test.server.origin);
    await tilesCame(page);
    expect(distances.length).toBeGreaterThan(8);
    expect(distances).toEqual(distances.toSorted((one, other) => one - other));
    await page.close();
  });

  it('cancels queued and running tiles that left the view', async () => {
    const { page } = await test.browser.open(test.server.origin);
    await tilesCame(page);
    await using events = await test.server.events();
    const cancelledBefore = await test.server.stat('cancelled');
    await goTo(page, 'Inside');
    const started = await events.take(isOf('started'));
    const ofOldView = new Set(
      started.filter((event) => event.type === 'queued').map(({ data }) => data.uid),
    );
    await page.locator('#plane').focus();
    // Further than the view is wide.
    for (let presses = 0; presses < 14; presses++) {
      await page.keyboard.press('ArrowRight');
    }
    const running = started.at(-1)?.data.uid ?? '';
    await events.take((event) => event.type === 'cancelled' && event.data.uid === running);
    expect(await test.server.stat('cancelled')).toBeGreaterThan(cancelledBefore);
    expect(ofOldView.has(running)).toBe(true);

    // Leaving the explorer cancels the rest.
    const [waiting] = (await events.take(isOf('queued'))).slice(-1);
    await page.goto(`${test.server.origin}/#tasks`);
    await events.take(
      (event) => event.type === 'cancelled' && event.data.uid === waiting?.data.uid,
    );
    await page.close();
  });

  it('is moved by keys, wheel and pointer, and returns to the whole set', async () => {
    const { page } = await test.browser.open(test.server.origin);
    await tilesCame(page);
    const home = await statusOf(page);
    await page.locator('#plane').focus();
    await page.keyboard.press('+');
    await page.locator('#map-status', { hasText: '2^3.5' }).waitFor();
    await page.mouse.move(400, 400);
    await page.mouse.wheel(0, -300);
    await page.locator('#map-status', { hasText: '2^4.5' }).waitFor();
    await page.mouse.dblclick(400, 400);
    await page.locator('#map-status', { hasText: '2^5.5' }).waitFor();
    await tilesCame(page);
    const before = await pixelsAt(page, 0, 0);
    await page.mouse.down();
    await page.mouse.move(700, 520, { steps: 5 });
    await page.mouse.up();
    await tilesCame(page);
    expect(differingShare(await pixelsAt(page, 0, 0), before)).toBeGreaterThan(0.01);
    await page.getByRole('button', { name: 'The whole set' }).click();
    await page.locator('#map-status', { hasText: home }).waitFor();
    await page.close();
  });
});

describe('a tile', LIMIT, () => {
  it.each([
    ['/tiles/2/4/0', 'x and y take whole numbers below 2^z'],
    ['/tiles/43/0/0', 'z: '],
    ['/tiles/1/-1/0', 'x: '],
    ['/tiles/1/1e0/0', 'x: '],
    ['/tiles/1/0/0?iterations=50001', 'iterations: '],
    ['/tiles/1/0/0?iterations=0', 'iterations: '],
    ['/tiles/1/0/0?distance=near', 'distance: '],
  ])('is refused with 400 for %s', async (path, names) => {
    const accepted = await test.server.stat('accepted');
    const answer = await test.server.ask('GET', path);
    expect(answer['statusCode']).toBe(400);
    expect(String(answer['message'])).toContain(names);
    expect(await test.server.stat('accepted')).toBe(accepted);
  });
});

function isOf(type: string) {
  return (event: { readonly type: string; readonly data: Record<string, unknown> }) =>
    event.type === type && event.data['handler'] === TILES;
}

async function statusOf(page: Page): Promise<string> {
  return (await page.locator('#map-status').textContent()) ?? '';
}

/** A tile's worth of pixels, from the middle of the canvas. */
function pixelsAt(page: Page, dx: number, dy: number): Promise<number[]> {
  return page.locator('#plane').evaluate(
    // Runs in the browser, which is more than the types of this project know.
    (element, offset) => {
      const canvas = element as unknown as {
        width: number;
        height: number;
        getContext(kind: '2d'): {
          getImageData(...rectangle: number[]): { data: Uint8ClampedArray };
        };
      };
      const left = Math.round(canvas.width / 2 + offset.dx);
      const top = Math.round(canvas.height / 2 + offset.dy);
      return [...canvas.getContext('2d').getImageData(left, top, 256, 256).data];
    },
    { dx, dy },
  );
}
