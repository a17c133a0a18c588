import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { goTo, tilesCame, type Look } from './browser.js';
import { inBrowser } from './in-browser.js';
import { pictureFile } from './pictures.js';

/** Kept by CI, and not committed: somebody should look at them. */
const FOLDER = fileURLToPath(new URL('../../../../out/screenshots/', import.meta.url));

const LOOKS: readonly (readonly [string, Look])[] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { colorScheme: 'light', width: 390, height: 844 }],
  ['phone-dark', { colorScheme: 'dark', width: 390, height: 844 }],
];

const test = inBrowser();
beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
});

describe.each(LOOKS)('every view in the look %s', { timeout: 120_000 }, (name, look) => {
  it('fits into its window, and a screenshot of it is kept', async () => {
    const { page, troubles } = await test.browser.open(test.server.origin, look);
    const shoot = async (view: string) => {
      await page.screenshot({ path: `${FOLDER}${view}-${name}.png` });
      expect(await overflow(page)).toBe(0);
    };
    await goTo(page, 'Spirals');
    await page.locator('#map-status:not([data-open="0"])').waitFor();
    await tilesCame(page);
    await shoot('explorer');

    await page.getByRole('link', { name: 'Pictures' }).click();
    const file = `${name}, some rather long name of a picture.jpg`;
    await page
      .locator('#files')
      .setInputFiles([
        await pictureFile(file, 900, 600),
        { name: 'not a picture.png', mimeType: 'image/png', buffer: Buffer.from(name) },
      ]);
    await page
      .locator('.picture', { hasText: file })
      .locator('[data-rendition="thumbnail-64"]')
      .waitFor();
    await shoot('pictures');

    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.getByRole('button', { name: 'Fail', exact: true }).click();
    await page.locator('tr[data-state="failed"]', { hasText: 'TrialTasks.fail' }).first().waitFor();
    await page.locator('tr.error:not([hidden]) summary', { hasText: 'RangeError' }).first().click();
    await shoot('tasks');

    if (look.width) {
      await page.getByRole('link', { name: 'Loop' }).click();
      await shoot('loop');
    }
    expect(troubles).toEqual([]);
    await page.close();
  });
});

/** How far the page is wider than its window, in pixels. */
async function overflow(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
}
