import { beforeAll, describe, expect, it } from 'vitest';
import type { Form } from '../forms/form.js';
import { nodes } from '../nodes.js';
import type { Line } from '../sources/billing/src/report.js';
import type { Statement } from '../sources/billing/src/statements/statement.js';
import type { Workspace } from '../workspace.js';

/** The tests of the application with the packages of the field, whatever its form. */
export function bills(form: Form, workspace: () => Workspace): void {
  describe(form.name, () => {
    beforeAll(async () => {
      await workspace().run(form.folder, ['@nestjs/cli', 'nest'], ...(form.build ?? []));
    }, 120_000);

    describe.each(nodes)('on $name', (node) => {
      let inWorkers: Run;
      let inline: Run;
      beforeAll(async () => {
        const run = (...args: string[]) =>
          workspace().silently(node.binary, form.folder, ...form.run, ...args);
        inWorkers = runOf(await run());
        inline = runOf(await run('inline'));
      }, 120_000);

      it('gets the same from a worker as inline: database, settings, cache, queries, tokens, texts, tenant', () => {
        const { drawnBy, ...statement } = statementOf(inWorkers, 'first');
        expect(drawnBy.threadId).toBeGreaterThan(0);
        expect(statement).toMatchObject({
          text: 'Acme schuldet 16254 Cent in GBP',
          lines: ['1: 12000', '2: 3050'],
          tenant: 'north',
        });
        const { drawnBy: byMain, ...same } = statementOf(inline, 'first');
        expect(byMain.threadId).toBe(0);
        expect(statement).toEqual(same);
      });

      it('builds the request-scoped provider anew for each task', () => {
        for (const run of [inWorkers, inline]) {
          expect(statementOf(run, 'second').lines).toEqual(statementOf(run, 'first').lines);
        }
      });

      it('starts no schedule, listener, controller, guard or queue processor in the worker', () => {
        expect(statementOf(inWorkers, 'second').drawnBy.noted).toEqual([]);
        expect(lineOf(inWorkers, 'application').presence.noted.toSorted()).toEqual([
          'controller',
          'guard',
          'listener',
          'queue',
          'queue processor',
          'schedule',
        ]);
      });

      it('opens no connection of the queue in the worker', () => {
        const { before, connections } = lineOf(inWorkers, 'application');
        expect(before).toBeGreaterThan(0);
        expect(connections).toBe(before);
        expect(lineOf(inline, 'application').connections).toBe(before);
      });

      it('reaches the listeners of the application, once for each event', () => {
        expect(lineOf(inWorkers, 'application').heard).toEqual(['Acme', 'Acme']);
      });

      it('keeps the guard of the application before the decorated method', () => {
        expect(lineOf(inWorkers, 'unauthorized').status).toBe(403);
      });

      it('logs no warning and no error, and exits by itself', () => {
        for (const { log, lines, others } of [inWorkers, inline]) {
          expect(log.filter(({ level }) => level > INFO)).toEqual([]);
          expect(log.filter(({ msg }) => msg === 'drawn')).toHaveLength(2);
          expect(others).toEqual([]);
          expect(lines.at(-1)).toEqual({ kind: 'closed' });
        }
      });
    });
  });
}

/** The level of pino above which a line is a warning or worse. */
const INFO = 30;

interface Run {
  readonly lines: readonly Line[];
  /** What pino wrote. */
  readonly log: readonly { readonly level: number; readonly msg: string }[];
  /** What is no line of either. */
  readonly others: readonly string[];
}

function runOf(printed: string): Run {
  const texts = printed.split('\n').filter((text) => text !== '');
  const documents = texts
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as Line | Run['log'][number]);
  return {
    lines: documents.filter((document) => 'kind' in document),
    log: documents.filter((document) => 'level' in document),
    others: texts.filter((text) => !text.startsWith('{')),
  };
}

function lineOf<K extends Line['kind']>({ lines }: Run, kind: K): Extract<Line, { kind: K }> {
  const line = lines.find((candidate) => candidate.kind === kind);
  expect(line).toBeDefined();
  return line as Extract<Line, { kind: K }>;
}

function statementOf(run: Run, which: 'first' | 'second'): Statement {
  return lineOf(run, which).statement;
}
