import { afterAll, beforeAll, describe } from 'vitest';
import { buildGeometry, workspaceFiles } from './forms/form.js';
import { nest11, nest11Forms } from './forms/nest11.js';
import { jestSuite } from './forms/suites.js';
import { passes } from './promises/suite.js';
import { surveys } from './promises/survey.js';
import { Workspace } from './workspace.js';

describe('an application that has installed the package', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await Workspace.install(
      nest11,
      workspaceFiles([...nest11Forms, jestSuite], { system: 'CommonJS' }),
    );
    await buildGeometry(workspace);
  }, 300_000);

  afterAll(() => (workspace as Workspace | undefined)?.remove(), 180_000);

  for (const form of nest11Forms) {
    surveys(form, () => workspace);
  }
  passes(jestSuite, () => workspace);
});
