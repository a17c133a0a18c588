import { afterAll, beforeAll, describe } from 'vitest';
import { billing12Dependencies, billing12Forms } from './forms/billing.js';
import { buildGeometry, workspaceFiles } from './forms/form.js';
import { fastify, nest12, nest12Forms } from './forms/nest12.js';
import { vitestSuite } from './forms/suites.js';
import { bills } from './promises/billing.js';
import { passes } from './promises/suite.js';
import { surveys } from './promises/survey.js';
import { surveysAgainWhenChanged } from './promises/watch.js';
import { Workspace } from './workspace.js';

describe('an application that has installed the package', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await Workspace.install(
      { ...nest12, dependencies: { ...nest12.dependencies, ...billing12Dependencies } },
      workspaceFiles([...nest12Forms, ...billing12Forms, fastify, vitestSuite], {}),
    );
    await buildGeometry(workspace);
  }, 300_000);

  afterAll(() => (workspace as Workspace | undefined)?.remove(), 180_000);

  for (const form of nest12Forms) {
    surveys(form, () => workspace);
  }
  for (const form of billing12Forms) {
    bills(form, () => workspace);
  }
  surveysAgainWhenChanged(fastify, () => workspace);
  passes(vitestSuite, () => workspace);
});
