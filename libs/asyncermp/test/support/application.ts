import type {
  DynamicModule,
  INestApplicationContext,
  LoggerService,
  Provider,
  Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import {
  AsyncerMpModule,
  AsyncerMpService,
  TaskEvent,
  type AsyncerMpModuleExtras,
  type AsyncerMpOptions,
  type TaskEventPayload,
} from 'nestjs-asyncermp';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Gate } from '../.fixtures/gate.js';

export interface ApplicationParts {
  /** For `AsyncerMpModule.forRoot()`. Default: one worker. */
  readonly options?: number | (AsyncerMpOptions & AsyncerMpModuleExtras);
  readonly providers?: Provider[];
  readonly imports?: NonNullable<DynamicModule['imports']>;
  /** For `EventEmitterModule.forRoot()`; false leaves it out. */
  readonly events?: Parameters<typeof EventEmitterModule.forRoot>[0] | false;
  /** Nest's own logger. Default: silence. */
  readonly logger?: LoggerService | false;
}

export interface TestApplication {
  readonly app: INestApplicationContext;
  readonly mp: AsyncerMpService;
  readonly emitter: EventEmitter2;
  readonly get: <T>(type: Type<T>) => T;
  /** Records every event of every task from now on, in order. */
  readonly record: () => readonly RecordedEvent[];
  /** Resolves with the next event of that name. */
  readonly next: <E extends TaskEventPayload>(name: TaskEvent) => Promise<E>;
}

export interface RecordedEvent {
  readonly name: TaskEvent;
  readonly event: TaskEventPayload;
}

const applications: INestApplicationContext[] = [];
const gates: Gate[] = [];

// Also after a test that failed: its workers can end once its gates are open.
afterEach(async () => {
  for (const gate of gates.splice(0)) {
    gate.open();
  }
  for (const app of applications.splice(0)) {
    await app.close();
  }
});

/** A gate that is opened at the end of the test at the latest. */
export function makeGate(places?: number): Gate {
  const gate = new Gate(undefined, places);
  gates.push(gate);
  return gate;
}

/** Closes the application at the end of the test. */
export function closeLater<T extends INestApplicationContext>(app: T): T {
  applications.push(app);
  return app;
}

/** The root module of {@link startApplication}. */
export function rootModule({
  options = 1,
  providers = [],
  imports = [],
  events = {},
}: ApplicationParts): DynamicModule {
  return {
    module: class AppModule {},
    imports: [
      ...(events === false ? [] : [EventEmitterModule.forRoot(events)]),
      AsyncerMpModule.forRoot(options),
      ...imports,
    ],
    providers,
  };
}

/** Starts a real application, which is closed at the end of the test. */
export async function startApplication(parts: ApplicationParts): Promise<TestApplication> {
  const application = await open(parts);
  closeLater(application.app);
  return application;
}

/** One application for all tests of a suite, which must leave no state behind in it. */
export function shareApplication(parts: ApplicationParts): () => TestApplication {
  let shared: TestApplication | undefined;
  beforeAll(async () => {
    shared = await open(parts);
  });
  afterAll(() => shared?.app.close());
  return () => {
    if (!shared) {
      throw new Error('The application did not start');
    }
    return shared;
  };
}

async function open(parts: ApplicationParts): Promise<TestApplication> {
  const app = await NestFactory.createApplicationContext(rootModule(parts), {
    logger: parts.logger ?? false,
    abortOnError: false,
  });
  return view(app);
}

/** The parts of an application that tests use. */
export function view(app: INestApplicationContext): TestApplication {
  return {
    app,
    mp: app.get(AsyncerMpService),
    get emitter() {
      return app.get(EventEmitter2);
    },
    get: (type) => app.get(type),
    record: () => recordEvents(app.get(EventEmitter2)),
    next: (name) => new Promise((resolve) => app.get(EventEmitter2).once(name, resolve)),
  };
}

function recordEvents(emitter: EventEmitter2): readonly RecordedEvent[] {
  const recorded: RecordedEvent[] = [];
  for (const name of Object.values(TaskEvent)) {
    emitter.on(name, (event: TaskEventPayload) => recorded.push({ name, event }));
  }
  return recorded;
}
