import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../support/program.js';
import type { Form } from '../forms/form.js';
import { nodes } from '../nodes.js';
import type { Line } from '../sources/app/src/report.js';
import type { Workspace } from '../workspace.js';
import { parse, surveysOnce } from './survey.js';

/** The tests of an application while its developer changes a handler. */
export function surveysAgainWhenChanged(form: Form, workspace: () => Workspace): void {
  describe.each(nodes)(`${form.name}, watched by nest start on $name`, (node) => {
    const handler = join(form.folder, 'src/terrain/slope.service.ts');
    let program: Program | undefined;
    let before: readonly Line[] = [];

    beforeAll(async () => {
      const nest = workspace().binary('@nestjs/cli', 'nest');
      const args = [nest, 'start', '--watch', '--exec', node.binary];
      program = new Program(process.execPath, args, {
        cwd: workspace().path(form.folder),
        limitMs: 100_000,
        env: { SURVEY_SERVES_ON: 'yes' },
      });
      before = parse(await program.printed((stdout) => surveysIn(stdout) === 1));
    }, 120_000);

    afterAll(() => program?.[Symbol.asyncDispose]());

    surveysOnce(form, () => before);

    it('runs the new code in its workers after a handler was changed', async () => {
      const text = workspace().read(handler);
      try {
        workspace().write({
          [handler]: text.replace('value, threadId', 'value: -value, threadId'),
        });
        const all = parse((await program?.printed((stdout) => surveysIn(stdout) === 2)) ?? '');
        const answers = all.filter((line) => line.kind === 'answer' && line.of === 'SlopeService');
        expect(answers).toMatchObject([{ answer: { value: 15 } }, { answer: { value: -15 } }]);
        expect(answers.at(-1)).not.toMatchObject({ answer: { threadId: 0 } });
      } finally {
        workspace().write({ [handler]: text });
      }
    }, 60_000);
  });
}

function surveysIn(stdout: string): number {
  return parse(stdout).filter(({ kind }) => kind === 'surveyed').length;
}
