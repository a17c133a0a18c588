import { describe, expect, it } from 'vitest';
import { inBrowser } from './in-browser.js';

const LIMIT = { timeout: 90_000 };

const test = inBrowser();

describe('the task list', LIMIT, () => {
  it('shows a failing task with its attempts, its error and its stack', async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#tasks`);
    await page.getByRole('button', { name: 'Fail', exact: true }).click();
    const row = page.locator('tr[data-state="failed"]', { hasText: 'TrialTasks.fail' });
    await row.waitFor();
    expect(await row.locator('td').nth(1).textContent()).toBe('2');
    const summary = page.getByText('RangeError: This task fails on purpose').first();
    await summary.click();
    const stack = page.locator('tr.error:not([hidden]) pre');
    expect(await stack.textContent()).toMatch(/RangeError: This task fails[^]*trial\.tasks\.js/);
    await page.close();
  });

  it('ends an endless task by its timeout, and survives a task that kills its worker', async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#tasks`);
    await page.getByRole('button', { name: 'Loop forever' }).click();
    await page.getByRole('button', { name: 'Kill its worker' }).click();
    await page.getByText(/^WorkerCrashedError: /).waitFor();
    await page.getByText(/^TaskTimeoutError: /).waitFor();
    await page.getByRole('button', { name: 'Add up squares' }).click();
    await page
      .locator('tr[data-state="completed"]', { hasText: 'SumsTasks.sumOfSquares' })
      .waitFor();
    await page.close();
  });

  it('pauses, resumes and resizes the pool', async () => {
    const { page } = await test.browser.open(`${test.server.origin}/#tasks`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.getByRole('button', { name: 'Fail', exact: true }).click();
    await page.locator('tr[data-state="queued"]').waitFor();
    expect(await test.server.stat('running')).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('tr[data-state="queued"]').waitFor({ state: 'detached' });

    await page.getByLabel('Workers', { exact: true }).fill('65');
    await page.getByLabel('Workers', { exact: true }).press('Enter');
    await page.getByText('maxProcesses: Too big').waitFor();
    await page.getByLabel('Workers', { exact: true }).fill('3');
    await page.getByLabel('Workers', { exact: true }).press('Enter');
    await page.locator('#tasks-message:empty').waitFor({ state: 'attached' });
    expect(await test.server.ask('GET', '/stats')).toMatchObject({
      maxProcesses: 3,
      paused: false,
    });
    await page.close();
  });

  it('shows the message of a task as text, not as HTML', async () => {
    const { page, troubles } = await test.browser.open(`${test.server.origin}/#tasks`);
    const message = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    await test.server.ask('POST', '/trials', { kind: 'fail', message });
    await page.getByText(`RangeError: ${message}`).first().waitFor();
    expect(await page.locator('.task-list img, .task-list script').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await test.browser.open(test.server.origin);
    const focused = page.locator(':focus');
    for (let presses = 0; presses < 3; presses++) {
      await page.keyboard.press('Tab');
    }
    expect(await focused.textContent()).toBe('Tasks');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
    const fail = page.getByRole('button', { name: 'Fail', exact: true });
    while (!(await fail.evaluate((element) => element.matches(':focus')))) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('tr[data-state="retrying"], tr[data-state="failed"]').first().waitFor();
    await page.close();
  });
});

it('trials refuse requests from other sites', async () => {
  const response = await fetch(`${test.server.origin}/trials`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'crash' }),
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
  });
  expect(response.status).toBe(403);
});
