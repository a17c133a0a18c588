import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Form } from '../forms/form.js';
import { nodes } from '../nodes.js';
import { lineOf } from '../sources.js';
import type { ErrorReport, Line } from '../sources/app/src/report.js';
import type { Workspace } from '../workspace.js';

/** The tests of every application, whatever its form. */
export function surveys(form: Form, workspace: () => Workspace): void {
  describe(form.name, () => {
    beforeAll(async () => {
      if (form.build) {
        await workspace().run(form.folder, ['@nestjs/cli', 'nest'], ...form.build);
      }
    }, 120_000);

    const { bundle } = form;
    if (bundle !== undefined) {
      it('is one file', () => {
        const files = readdirSync(workspace().path(form.folder, dirname(bundle)));
        expect(files.filter((file) => file.endsWith('.js'))).toEqual([basename(bundle)]);
      });
    }

    describe.each(nodes)('on $name', (node) => {
      let lines: readonly Line[] = [];

      beforeAll(async () => {
        const folder = form.isAlone ? workspace().copyOut(form.folder) : form.folder;
        lines = parse(await workspace().node(node.binary, folder, ...form.run));
      }, 120_000);

      surveysOnce(form, () => lines);

      it('closes the application, and exits by itself', () => {
        // A run that does not end has no lines.
        expect(lines.at(-1)).toEqual({ kind: 'closed' });
      });
    });
  });
}

/** The tests of one survey of an application. */
export function surveysOnce(form: Form, lines: () => readonly Line[]): void {
  it('boots once', () => {
    expect(lines().filter(({ kind }) => kind === 'booted')).toHaveLength(1);
  });

  it.each([
    ['another folder, with a configured module', 'SlopeService', 15],
    ['another file, with a dependency from another package', 'ContoursService', 1],
    ['the entry file', 'the entry file', 1_200],
    ['another package, for an HTTP request', 'GET /areas/unit-square', 1],
  ])('runs a handler of %s in a worker', (_where, of, value) => {
    expect(lines().filter((line) => line.kind === 'answer' && line.of === of)).toEqual([
      { kind: 'answer', of, answer: { value, threadId: aWorker } },
    ]);
  });

  it("gets a handler's error with its class, its cause, and the lines of the sources", () => {
    const { stack, ...error } = errorOf('fail');
    expect(error).toMatchObject({
      is: ['Error', 'RangeError'],
      message: 'off the map',
      cause: { is: ['Error', 'TypeError'], message: 'wrong turn' },
    });
    const [, thrower, ...callers] = stack.split('\n');
    expect(thrower).toContain(placeOf('trials/trials.service.ts', 'throw new RangeError'));
    expect(callers.join('\n')).toContain(placeOf('survey.ts', "error('fail'"));
  });

  it('cancels a running task', () => {
    expect(errorOf('cancel')).toMatchObject({ name: 'TaskCancelledError', cause: 'the weather' });
  });

  it('fails a task that exceeds its timeout', () => {
    expect(errorOf('timeout')).toMatchObject({ name: 'TaskTimeoutError' });
  });

  it('emits events to its listeners', () => {
    expect(lines().find(({ kind }) => kind === 'seen')).toEqual({
      kind: 'seen',
      seen: [
        'SlopeService.ascent completed',
        'ContoursService.turn completed',
        'CampService.camp completed',
        'AreaService.area completed',
        'TrialsService.fail failed',
        'TrialsService.walkForEver cancelled',
        'TrialsService.walkForEver failed',
      ],
    });
  });

  /** How a stack names the line of the source that holds the text. */
  function placeOf(file: string, text: string): string {
    return form.hasNoMaps ? 'main.js:' : `${file}:${lineOf(file, text)}:`;
  }

  function errorOf(of: string): ErrorReport {
    const line = lines().find((candidate) => candidate.kind === 'error' && candidate.of === of);
    expect(line).toBeDefined();
    return (line as Extract<Line, { kind: 'error' }>).error;
  }
}

/** The lines that an application has printed. */
export function parse(printed: string): Line[] {
  return printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** The main thread is number 0. */
const aWorker = expect.toSatisfy((id) => Number(id) > 0) as unknown;
