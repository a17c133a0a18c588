import { afterAll, beforeAll, describe } from 'vitest';
import { billing11Dependencies, billing11Forms } from './forms/billing.js';
import { buildGeometry, workspaceFiles } from './forms/form.js';
import { nest11, nest11Forms } from './forms/nest11.js';
import { jestSuite } from './forms/suites.js';
import { bills } from './promises/billing.js';
import { passes } from './promises/suite.js';
import { surveys } from './promises/survey.js';
import { Workspace } from './workspace.js';

describe('an application that has installed the package', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await Workspace.install(
      { ...nest11, dependencies: { ...nest11.dependencies, ...billing11Dependencies } },
      workspaceFiles([...nest11Forms, ...billing11Forms, jestSuite], { system: 'CommonJS' }),
    );
    await buildGeometry(workspace);
  }, 300_000);

  afterAll(() => (workspace as Workspace | undefined)?.remove(), 180_000);

  for (const form of nest11Forms) {
    surveys(form, () => workspace);
  }
  for (const form of billing11Forms) {
    bills(form, () => workspace);
  }
  passes(jestSuite, () => workspace);
});
