import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { inBrowser } from './in-browser.js';
import { boastingPng, pictureFile } from './pictures.js';

const LIMIT = { timeout: 90_000 };
const MOST_IN_FLIGHT = 24;

const test = inBrowser();

describe('the workbench', LIMIT, () => {
  it('shows pictures in the requested size, blurred, with thumbnails and colours', async () => {
    const { page, troubles } = await test.browser.open(`${test.server.origin}/#workbench`);
    await page.getByLabel('Width').fill('320');
    await page
      .locator('#files')
      .setInputFiles([
        await pictureFile('one.jpg', 800, 600),
        await pictureFile('two.png', 500, 1_000, 'image/png'),
        await webpFile(page, 'three.webp', 200, 100),
      ]);
    for (const [name, said, size] of [
      ['one.jpg', 'JPEG, 800 × 600 pixels', [320, 240]],
      ['two.png', 'PNG, 500 × 1000 pixels', [320, 640]],
      ['three.webp', 'WebP, 200 × 100 pixels', [320, 160]],
    ] as const) {
      const card = cardOf(page, name);
      await card.getByText(said).waitFor();
      expect(await sizeOf(page, name, 'resized')).toEqual(size);
      expect(await sizeOf(page, name, 'blurred')).toEqual(size);
      expect(await sizeOf(page, name, 'thumbnail-64')).toEqual([64, 64]);
      expect(await card.getByRole('list', { name: 'Colours' }).innerText()).toMatch(/#[0-9a-f]{6}/);
      expect(await card.locator('progress').isHidden()).toBe(true);
    }
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('gives the reason why it refuses a picture', async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#workbench`);
    const whole = await pictureFile('half.jpg', 640, 480);
    await page
      .locator('#files')
      .setInputFiles([
        { ...whole, buffer: whole.buffer.subarray(0, whole.buffer.length / 3) },
        { ...(await boastingPng('boasting.png')) },
        { name: 'letter.png', mimeType: 'image/png', buffer: Buffer.from('Dear Sir or Madam') },
        { name: 'huge.png', mimeType: 'image/png', buffer: Buffer.alloc(13 * 1_048_576) },
      ]);
    for (const [name, message] of [
      ['half.jpg', 'This JPEG is damaged, or only a part of one'],
      ['boasting.png', 'This picture has 30000 × 30000 pixels, and up to 24 million are taken'],
      ['letter.png', 'This is no picture that is taken here: JPEG, PNG and WebP are'],
      ['huge.png', 'This file is too large: up to 12 MB are taken'],
    ] as const) {
      await cardOf(page, name).getByText(message).waitFor();
    }
    await page.close();
  });

  it('does not run a script in the name of a file', async () => {
    const { page, troubles } = await test.browser.open(`${test.server.origin}/#workbench`);
    const name = '<img src=x onerror=alert(1)> ä.png';
    await page.locator('#files').setInputFiles(await pictureFile(name, 64, 64, 'image/png'));
    const card = cardOf(page, name);
    await card.getByText('PNG, 64 × 64 pixels').waitFor();
    expect(await card.locator('strong').innerText()).toBe(name);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('cancels and removes pictures', async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#workbench`);
    await test.server.ask('POST', '/pool/pause');
    await page.locator('#files').setInputFiles(await pictureFile('never.jpg', 640, 480));
    const card = cardOf(page, 'never.jpg');
    await card.getByText('waits').waitFor();
    await card.getByRole('progressbar', { name: 'Progress of never.jpg' }).waitFor();
    await page.getByRole('button', { name: 'Cancel never.jpg' }).click();
    await card.getByText('Cancelled', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove never.jpg' }).click();
    await card.waitFor({ state: 'detached' });
    await test.server.ask('POST', '/pool/resume');
    await page.close();
  });

  it(`takes ${MOST_IN_FLIGHT} pictures at a time, and no more`, async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#workbench`);
    await test.server.ask('POST', '/pool/pause');
    await page.getByLabel('Width').fill('16');
    const { buffer, mimeType } = await pictureFile('', 32, 32);
    const files = Array.from({ length: MOST_IN_FLIGHT + 2 }, (_, index) => ({
      name: `many-${index}.jpg`,
      mimeType,
      buffer,
    }));
    await page.locator('#files').setInputFiles(files);
    await page
      .getByText(`${MOST_IN_FLIGHT} pictures are being worked on, and more are not taken`)
      .nth(1)
      .waitFor();
    await test.server.ask('POST', '/pool/resume');
    await page.locator('.picture', { hasText: 'many-' }).getByText('waits').first().waitFor({
      state: 'detached',
    });
    await page.close();
  });
});

function cardOf(page: Page, name: string) {
  return page
    .getByRole('list', { name: 'Pictures' })
    .getByRole('listitem')
    .filter({ has: page.getByText(name, { exact: true }) });
}

/** Of the picture itself, not of where it stands on the page. */
async function sizeOf(page: Page, name: string, rendition: string): Promise<readonly number[]> {
  const image = cardOf(page, name).locator(`img[data-rendition="${rendition}"]`);
  await image.waitFor();
  return image.evaluate(async (element) => {
    const picture = element as unknown as {
      decode(): Promise<void>;
      naturalWidth: number;
      naturalHeight: number;
    };
    await picture.decode();
    return [picture.naturalWidth, picture.naturalHeight];
  });
}

/** Made by the browser, as Node can't. */
async function webpFile(page: Page, name: string, width: number, height: number) {
  const url = await page.evaluate(
    `(() => { const canvas = Object.assign(document.createElement('canvas'), { width: ${width}, height: ${height} });
      const context = canvas.getContext('2d');
      context.fillStyle = 'tomato';
      context.fillRect(0, 0, ${width} / 2, ${height});
      return canvas.toDataURL('image/webp'); })()`,
  );
  const buffer = Buffer.from(String(url).split(',')[1] ?? '', 'base64');
  return { name, mimeType: 'image/webp', buffer };
}
