import type { Provider, Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { nestCore } from '../../src/injection/nest-core.js';
import { describeProblem } from '../../src/injection/plan-problems.js';
import { planWorkerModule, type WorkerModulePlan } from '../../src/injection/worker-module.plan.js';
import {
  Egg,
  Hen,
  Mailer,
  MailingService,
  NestedService,
} from '../.fixtures/handlers/dependent.services.js';
import { CodecService, ThumbnailService } from '../.fixtures/handlers/thumbnail.service.js';
import * as hosts from '../.fixtures/worker/hosts.js';

function plan(classes: Type<object>[], standIns: Provider[] = []): Promise<WorkerModulePlan> {
  return planWorkerModule(classes, { coreTokens: nestCore.tokens, standIns, isMain: () => false });
}

async function problemsOf(...classes: Type<object>[]): Promise<string[]> {
  return (await plan(classes)).problems.map(describeProblem);
}

describe("the plan of a worker's root module", () => {
  it('contains the classes and their class-typed dependencies, once each', async () => {
    const { imports, providers, problems } = await plan([ThumbnailService, MailingService, Hen]);
    expect({ imports, providers, problems }).toEqual({
      imports: [],
      providers: [ThumbnailService, CodecService, MailingService, Mailer, Hen, Egg],
      problems: [],
    });
  });

  it('leaves to imported modules what they export, re-export or make global', async () => {
    const { classes, problems, imports } = await plan([hosts.ImportingService]);
    expect([...classes]).toEqual([hosts.ImportingService]);
    expect(problems).toEqual([]);
    expect(imports).toHaveLength(3);
  });

  it('reports a provider that an imported module does not export', async () => {
    const [problem] = await problemsOf(hosts.HiddenService);
    expect(problem).toContain("HiddenService takes 'HIDDEN'");
  });

  it('adds the providers of hosts among the dependencies, and their dependencies', async () => {
    const { classes, problems, providers } = await plan([hosts.FormattingService]);
    expect(problems).toEqual([]);
    expect(classes).toEqual(new Set([hosts.FormattingService, hosts.Formatter, hosts.Clock]));
    expect(providers).toHaveLength(6);
  });

  it('leaves a class to the host that provides it', async () => {
    const { classes, problems } = await plan([hosts.SelfMadeService]);
    expect({ classes, problems }).toEqual({ classes: new Set(), problems: [] });
  });

  it('does not report providers of Nest itself', async () => {
    const [problem, ...others] = await problemsOf(NestedService);
    expect(problem).toContain("'DEEP'");
    expect(others).toEqual([]);
  });

  it("adds stand-ins for the library's own providers, and does not report these", async () => {
    const standIn = { provide: hosts.PoolService, useValue: {} };
    const { problems, providers } = await plan([hosts.PoolUsingService], [standIn]);
    expect(problems).toEqual([]);
    expect(providers).toEqual([standIn, hosts.PoolUsingService]);
  });

  it('accepts two hosts that provide a token alike, and reports two that do not', async () => {
    await expect(problemsOf(hosts.AgreeingService)).resolves.toEqual([]);
    const [problem] = await problemsOf(hosts.ConflictingService);
    expect(problem).toContain(
      "'ZONE' is provided differently by @CpuTaskHost() on ConflictingService and on Formatter",
    );
  });

  it("reports the missing dependency of a host's provider", async () => {
    const [problem] = await problemsOf(hosts.BrokenHostService);
    expect(problem).toContain(
      "The provider of 'BROKEN' that @CpuTaskHost() on BrokenHostService gives (inject[0]) takes 'NOWHERE'",
    );
  });

  it('reports a request-scoped dependency', async () => {
    const [problem] = await problemsOf(hosts.PerRequestService);
    expect(problem).toContain(
      'PerRequest is request-scoped (needed through PerRequestService > PerRequest), and a worker has no requests',
    );
  });

  it('reports classes that were compiled without decorator metadata', async () => {
    class Plain {
      constructor(readonly codec: CodecService) {}
    }
    const [problem] = await problemsOf(Plain);
    expect(problem).toContain('compiled without decorator metadata');
  });

  it('reports a circular import', async () => {
    class Circular {}
    Reflect.defineMetadata('design:paramtypes', [undefined], Circular);
    const [problem] = await problemsOf(Circular);
    expect(problem).toContain('@Inject(forwardRef(() => TheClass))');
  });
});
