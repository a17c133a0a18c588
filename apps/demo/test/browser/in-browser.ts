import { afterAll, beforeAll } from 'vitest';
import { TestBrowser } from './browser.js';
import { DemoServer } from './demo-server.js';

/** A server and a browser for all tests of the file. They are there when its tests run. */
export function inBrowser(): { readonly server: DemoServer; readonly browser: TestBrowser } {
  const started: { server?: DemoServer; browser?: TestBrowser } = {};
  beforeAll(async () => {
    started.server = await DemoServer.start();
    started.browser = await TestBrowser.launch();
  }, 120_000);
  afterAll(async () => {
    await started.browser?.[Symbol.asyncDispose]();
    await started.server?.[Symbol.asyncDispose]();
  });
  return {
    get server() {
      return there(started.server);
    },
    get browser() {
      return there(started.browser);
    },
  };
}

function there<T>(started: T | undefined): T {
  if (started === undefined) {
    throw new Error('It is there for tests only');
  }
  return started;
}
