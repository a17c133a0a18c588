import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

interface Outcome {
  readonly results?: unknown[];
  /** What the fixtures set on globalThis. */
  readonly marks?: string[];
  readonly error?: string;
}

const fixture = (name: string): string => new URL(`../.fixtures/${name}.js`, import.meta.url).href;

/** Builds the container in a real worker, calls each handler once, and closes it. */
async function inWorker(handlers: Record<string, unknown[]>, files: string[]): Promise<Outcome> {
  const worker = new Worker(new URL(fixture('worker/run-container')), {
    workerData: {
      files,
      handlers: Object.keys(handlers),
      args: Object.values(handlers),
    },
  });
  const [outcome] = (await once(worker, 'message')) as [Outcome];
  await worker.terminate();
  return outcome;
}

describe('the container of a worker', () => {
  it('builds the handlers with their injected dependencies', async () => {
    const outcome = await inWorker(
      { 'ThumbnailService.thumbnail': [new Uint8Array([1, 2, 3]), 2], hash: ['abc'] },
      [fixture('handlers/thumbnail.service')],
    );
    expect(outcome).toEqual({ results: [12, 'ABC'], marks: [] });
  });

  it('takes paths as well as URLs', async () => {
    const file = fileURLToPath(fixture('handlers/composed.service'));
    await expect(inWorker({ 'ComposedService.crunch': [] }, [file])).resolves.toMatchObject({
      results: ['crunched'],
    });
  });

  it('builds the class that inherits or replaced a handler, not the parent', async () => {
    const outcome = await inWorker({ 'Square.area': [], 'Hexagon.outline': [] }, [
      fixture('handlers/more-shapes'),
    ]);
    expect(outcome.results).toEqual(["square's area", "HEXAGON's outline"]);
  });

  it('builds controllers and providers without their guards, circular, transient and hosted providers', async () => {
    const outcome = await inWorker(
      {
        'ReportController.report': [2026],
        'GuardedService.run': [],
        'Hen.run': [],
        'TransientService.run': [],
        'HostedMailingService.run': [],
      },
      [fixture('handlers/dependent.services')],
    );
    expect(outcome).toEqual({
      results: [
        '2026 of the worker Hen undefined',
        'guarded true',
        true,
        'transient',
        'of the worker',
      ],
      marks: [],
    });
  });

  it('builds the imports and providers of @CpuTaskHost()', async () => {
    const outcome = await inWorker(
      { 'ImportingService.run': [], 'FormattingService.run': [], 'SelfMadeService.run': [] },
      [fixture('worker/hosts')],
    );
    expect(outcome.results).toEqual([true, 'UTC', 3]);
  });

  it('runs lifecycle hooks, and lets its providers boot applications of their own', async () => {
    const outcome = await inWorker({ 'LifecycleService.run': [] }, [
      fixture('worker/lifecycle.service'),
    ]);
    expect(outcome).toEqual({ results: [['init']], marks: ['shutdown'] });
  });

  it('does not boot the application whose entry file it imports', async () => {
    const outcome = await inWorker({ 'EntryService.run': [] }, [fixture('worker/entry')]);
    expect(outcome).toEqual({ results: ['from the entry file'], marks: [] });
  });

  it('does not boot an application that an imported file boots late, and waits for other files', async () => {
    const outcome = await inWorker({ 'LateEntryService.run': [], 'SlowService.run': [] }, [
      fixture('worker/late-entry'),
      fixture('worker/slow.service'),
    ]);
    expect(outcome).toEqual({
      results: ['from the late entry file', 'from the slow file'],
      marks: ['lateBootTried'],
    });
  });

  it('lets a task boot an application', async () => {
    const outcome = await inWorker({ 'EntryService.bootAnother': [] }, [fixture('worker/entry')]);
    expect(outcome.results).toEqual(['booted another']);
  });

  it('fails with the error that a file throws when it is imported', async () => {
    await expect(inWorker({}, [fixture('worker/broken')])).resolves.toEqual({
      error: 'RangeError: this file cannot be imported',
    });
  });

  it('fails with the error that the constructor of a provider throws', async () => {
    await expect(
      inWorker({ 'ThrowingService.run': [] }, [fixture('worker/throwing.service')]),
    ).resolves.toEqual({ error: 'RangeError: this provider cannot be built' });
  });

  it('imports a path with special characters', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'asyncermp #50% '));
    const file = join(directory, 'a?b.mjs');
    writeFileSync(file, `import '${fixture('handlers/composed.service')}';`);
    const outcome = await inWorker({ 'ComposedService.crunch': [] }, [file]);
    rmSync(directory, { recursive: true });
    expect(outcome.results).toEqual(['crunched']);
  });

  it('explains why a TypeScript file of a test runner cannot be imported', async () => {
    const file = new URL('../fixtures/handlers/shapes.ts', import.meta.url).href;
    const { error } = await inWorker({}, [file]);
    expect(error).toContain('shapes.ts, which is TypeScript');
  });

  it('names a handler that its file does not define', async () => {
    const { error } = await inWorker({ 'Nobody.run': [] }, [fixture('handlers/shapes')]);
    expect(error).toContain('ConfigurationError: The handler Nobody.run was not defined');
    expect(error).toContain('shapes.js');
  });

  it('names the dependency that a handler lacks', async () => {
    const { error } = await inWorker({ 'TokenService.run': [] }, [
      fixture('handlers/dependent.services'),
    ]);
    expect(error).toContain("Parameter 0 of the constructor of TokenService takes 'QUALITY'");
  });
});
