import { afterAll, beforeAll, describe } from 'vitest';
import { buildGeometry, workspaceFiles } from './forms/form.js';
import { nest12, nest12Forms } from './forms/nest12.js';
import { surveys } from './promises/survey.js';
import { Workspace } from './workspace.js';

describe('an application that has installed the package', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await Workspace.install(nest12, workspaceFiles(nest12Forms, {}));
    await buildGeometry(workspace);
  }, 300_000);

  afterAll(() => (workspace as Workspace | undefined)?.remove());

  for (const form of nest12Forms) surveys(form, () => workspace);
});
