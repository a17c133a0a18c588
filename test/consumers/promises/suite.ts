import { describe, expect, it } from 'vitest';
import { nodes } from '../nodes.js';
import type { Files, Workspace } from '../workspace.js';

/** A test suite of a user of the library. */
export interface Suite {
  readonly name: string;
  readonly folder: string;
  readonly files: Files;
  /** The package of the test runner, and the arguments of its command. */
  readonly runner: string;
  readonly args: readonly string[];
}

/** A user's own suite of tests of handlers. */
export function passes({ name, folder, runner, args }: Suite, workspace: () => Workspace): void {
  describe.each(nodes)(`${name} on $name`, (node) => {
    it('the suite passes, and its process exits by itself', async () => {
      const command = workspace().binary(runner);
      const run = workspace().node(node.binary, folder, command, ...args);
      expect(await run).toBeTypeOf('string');
    }, 120_000);
  });
}
