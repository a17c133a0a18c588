import type { DynamicModule, INestApplicationContext, Provider, Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { HandlerExplorer, refuse } from '../../src/handlers/handler.explorer.js';
import { ConfigurationError } from '../../src/contract/errors.js';
import * as services from '../.fixtures/handlers/dependent.services.js';
import { Square, Triangle } from '../.fixtures/handlers/more-shapes.js';
import { Circle } from '../.fixtures/handlers/shapes.js';

const applications: INestApplicationContext[] = [];

async function verify(
  providers: Provider[],
  { inline = false, ...rest }: Partial<DynamicModule> & { inline?: boolean } = {},
): Promise<readonly string[]> {
  const application = await NestFactory.createApplicationContext(
    {
      module: class App {},
      ...rest,
      imports: [DiscoveryModule],
      providers: [HandlerExplorer, ...providers],
    },
    { logger: false, abortOnError: false },
  );
  applications.push(application);
  const explorer = application.get(HandlerExplorer);
  const common = explorer.problems(!inline);
  if (inline) {
    refuse(common);
    return [];
  }
  const { problems, warnings } = await explorer.classFindings([]);
  refuse([...common, ...explorer.requestScoped(), ...problems]);
  return warnings;
}

/** The text of the ConfigurationError. */
async function problemOf(...args: Parameters<typeof verify>): Promise<string> {
  const error = await verify(...args).then(
    () => new Error('no problem'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as Error).message;
}

const quality: Provider = { provide: 'QUALITY', useValue: 80 };

afterEach(async () => {
  for (const application of applications.splice(0)) {
    await application.close();
  }
});

describe('the check at bootstrap', () => {
  it('accepts handlers that can work', async () => {
    const { Egg, HostedMailingService, Hen, Mailer, TransientService } = services;
    const alias = { provide: 'ALIAS', useExisting: Circle };
    const fine = [alias, Circle, Square, Hen, Egg, TransientService, HostedMailingService, Mailer];
    await expect(verify(fine)).resolves.toEqual([]);
  });

  it('reports two handlers of one name', async () => {
    const text = await problemOf([services.FirstNamesake, services.SecondNamesake]);
    expect(text).toContain('named namesake: FirstNamesake.run in file://');
    expect(text).toContain('SecondNamesake.run in file://');
    expect(text).toContain("@CpuTask({ name: '...' })");
  });

  it('reports a handler whose name is used by a class of the same file that is not provided', async () => {
    await expect(problemOf([services.FirstNamesake])).resolves.toContain('named namesake');
  });

  it('reports a handler on a request-scoped provider', async () => {
    const text = await problemOf([services.RequestService]);
    expect(text).toContain(
      'RequestService is request-scoped, and has the handlers RequestService.run',
    );
  });

  it('reports a handler on a provider that a dependency makes request-scoped', async () => {
    const text = await problemOf([services.RequestDependentService, services.RequestUser]);
    expect(text).toContain(
      'RequestDependentService is request-scoped, by one of its dependencies, ' +
        'RequestDependentService > RequestUser (Scope.REQUEST), and has the handlers',
    );
  });

  it('shows the path to the provider that injects REQUEST, and offers no provider for that token', async () => {
    const { RequestReader, RequestReaderUser, RequestReport } = services;
    const text = await problemOf([RequestReport, RequestReaderUser, RequestReader]);
    expect(text).toContain('RequestReport > RequestReaderUser > RequestReader (REQUEST)');
    expect(text).not.toContain('things keep the handlers from working');
    expect(text).not.toContain("provide: 'REQUEST'");
  });

  it('reports an inherited handler that no worker would find', async () => {
    const text = await problemOf([Triangle]);
    expect(text).toContain('Triangle inherits the handler area');
    expect(text).toContain('@CpuTaskHost()');
  });

  it.each([
    [
      'a token',
      services.TokenService,
      "Parameter 0 of the constructor of TokenService takes 'QUALITY'",
    ],
    ['a token of a property', services.PropertyService, 'The property quality of PropertyService'],
  ])('reports %s that a worker does not have', async (_what, service: Type<unknown>, words) => {
    const text = await problemOf([service, quality]);
    expect(text).toContain(words);
    expect(text).toContain("@CpuTaskHost({ providers: [{ provide: 'QUALITY', ... }] })");
    expect(text).toContain('@CpuTaskHost({ imports: [TheModule] })');
    expect(text).toContain('@Optional()');
    expect(text).toContain('The application has it from App.');
  });

  it('reports a token that an indirect dependency needs, and the way to it', async () => {
    const { Middle, NestedService } = services;
    const text = await problemOf([NestedService, Middle, { provide: 'DEEP', useValue: '' }]);
    expect(text).toContain('constructor of Middle (needed through NestedService > Middle)');
  });

  it('explains that an interface leaves no class', async () => {
    const { InterfaceService } = services;
    const text = await problemOf([InterfaceService, { provide: Object, useValue: {} } as Provider]);
    expect(text).toContain('an interface, a type alias or a union leaves no class');
  });

  it('reports a class that Nest cannot build by itself', async () => {
    const { Undecorated, UndecoratedDependencyService } = services;
    const text = await problemOf([
      UndecoratedDependencyService,
      { provide: Undecorated, useValue: new Undecorated() },
    ]);
    expect(text).toContain('takes Undecorated');
    expect(text).toContain('not decorated with @Injectable()');
  });

  it.each([
    ['useFactory', { useFactory: () => new services.Mailer() }],
    ['useValue', { useValue: new services.Mailer() }],
    ['useClass: OtherMailer', { useClass: class OtherMailer extends services.Mailer {} }],
    ['useExisting: Circle', { useExisting: Circle }],
  ])('reports a class that the application provides by %s', async (means, provider) => {
    const text = await problemOf([
      services.MailingService,
      Circle,
      { provide: services.Mailer, ...provider } as Provider,
    ]);
    expect(text).toContain(`The application provides Mailer by ${means} in App`);
  });

  it('accepts such a class if @CpuTaskHost() provides it for workers', async () => {
    const { HostedMailingService, Mailer } = services;
    const made = { provide: Mailer, useFactory: () => new Mailer() };
    await expect(verify([HostedMailingService, made])).resolves.toEqual([]);
  });

  it('warns of an optional dependency that the application has and workers lack', async () => {
    await expect(verify([services.OptionalService])).resolves.toEqual([]);
    const [warning] = await verify([services.OptionalService, quality]);
    expect(warning).toContain("Workers build OptionalService without 'QUALITY'");
  });

  it('reports all problems at once', async () => {
    const text = await problemOf([
      services.TokenService,
      services.PropertyService,
      quality,
      Triangle,
    ]);
    expect(text).toContain('4 things keep the handlers from working');
    expect(text.split('\n- ')).toHaveLength(5);
  });

  it("does not check what only workers need with isolation: 'inline'", async () => {
    await expect(
      verify([services.TokenService, Triangle, quality], { inline: true }),
    ).resolves.toEqual([]);
    await expect(
      problemOf([services.FirstNamesake, services.SecondNamesake], { inline: true }),
    ).resolves.toContain('named namesake');
  });
});
