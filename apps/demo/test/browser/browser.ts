import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Look {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** A real Chromium, with a profile of its own that goes with it. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @throws Error where there is none: a browser test that is skipped proves nothing */
  static async launch(): Promise<TestBrowser> {
    if (!existsSync(CHROMIUM)) {
      throw new Error(
        `There is no Chromium at ${CHROMIUM}. Install Debian's package (apt-get install chromium), or ` +
          'name another one in CHROMIUM_PATH.',
      );
    }
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM, args: ARGS }));
  }

  /** A page, and what went wrong in it. */
  async open(url: string, { colorScheme = 'light', width = 1_280, height = 800 }: Look = {}) {
    const page = await this.#browser.newPage({ viewport: { width, height }, colorScheme });
    page.setDefaultTimeout(120_000);
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('dialog', (dialog) => {
      troubles.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, troubles };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#browser.close();
  }
}

/** Until every tile in view has come. */
export async function tilesCame(page: Page): Promise<void> {
  await page.locator('#map-status[data-open="0"]').waitFor();
}

/** Goes to one of the places that the page offers. */
export async function goTo(page: Page, place: string): Promise<void> {
  const option = page.locator('#place-select option', { hasText: place });
  await page.locator('#place-select').selectOption(await option.getAttribute('value'));
}
