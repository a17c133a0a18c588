import {
  Inject,
  Injectable,
  Optional,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ResolvedOptions } from './asyncermp.options.js';
import { TaskRuntime } from './asyncermp.service.js';
import {
  BACKEND,
  INTERCEPTORS,
  OPTIONS_TOKEN,
  TEST_BENCH_TOKEN,
  WORKER_FACTORY,
  type MakeBackend,
  type MakeWorkers,
  type TestBench,
} from './asyncermp.tokens.js';
import {
  addOwner,
  callWithOptions,
  optionsOfCall,
  removeOwner,
  type InstanceOwner,
  type TaskCaller,
} from './handlers/call-router.js';
import { ConfigurationError } from './contract/errors.js';
import { explain, type Explanation } from './handlers/explain.js';
import { HandlerCatalog } from './handlers/handler-catalog.js';
import { HandlerExplorer, refuse } from './handlers/handler.explorer.js';
import { InjectionPlanner, type ChosenPlan } from './handlers/injection.planner.js';
import { InstanceComparison } from './handlers/instance-comparison.js';
import { noSuchHandler, SubstituteRefusal, unknownClass } from './handlers/refused-calls.js';
import type { HandlerClass } from './contract/handler-types.js';
import type { HandlerDefinition } from './injection/handler-registry.js';
import type { Backend, TaskHandler } from './contract/backend.js';
import { InterceptedBackend } from './contract/intercepted-backend.js';
import type { TaskInterceptor } from './contract/interceptor.js';
import type { TaskOptions } from './contract/task-options.js';
import { TaskPublisher, type EventEmitterLike } from './engine/task-publisher.js';
import { PoolLog } from './pool/pool-log.js';
import { standIns } from './injection/stand-ins.js';
import { allInterceptors } from './worker/interceptors.js';

/**
 * Ties the pool to the application's lifecycle. The first submission or the module's initialisation,
 * whichever comes first, creates the pool; the application's shutdown ends it.
 */
@Injectable()
export class AsyncerMpRuntime
  extends TaskRuntime
  implements InstanceOwner, TaskCaller, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy
{
  readonly #options: ResolvedOptions;
  readonly #makeBackend: MakeBackend;
  readonly #makeWorkers: MakeWorkers;
  readonly #interceptors: readonly TaskInterceptor[];
  readonly #explorer: HandlerExplorer;
  readonly #planner: InjectionPlanner;
  readonly #bench: TestBench | undefined;
  readonly #log: PoolLog;
  readonly #modules: ModulesContainer;
  readonly #comparison: InstanceComparison;
  #catalog: HandlerCatalog | undefined = undefined;
  #backend: Backend | undefined = undefined;
  #warm: Promise<void> | undefined = undefined;
  #hasBooted = false;
  #emitter: EventEmitterLike | undefined = undefined;

  constructor(
    @Inject(OPTIONS_TOKEN) options: ResolvedOptions,
    @Inject(BACKEND) makeBackend: MakeBackend,
    @Inject(WORKER_FACTORY) makeWorkers: MakeWorkers,
    @Inject(INTERCEPTORS) interceptors: readonly TaskInterceptor[],
    explorer: HandlerExplorer,
    planner: InjectionPlanner,
    modules: ModulesContainer,
    @Optional() @Inject(TEST_BENCH_TOKEN) bench: TestBench | undefined,
  ) {
    super();
    this.#options = options;
    this.#makeBackend = makeBackend;
    this.#makeWorkers = makeWorkers;
    this.#interceptors = interceptors;
    this.#explorer = explorer;
    this.#planner = planner;
    this.#modules = modules;
    this.#comparison = new InstanceComparison(modules, (text) => this.#log.warn(text));
    this.#bench = bench;
    bench?.attach(this);
    this.#log = new PoolLog(options.logger);
    addOwner(this);
  }

  get backend(): Backend {
    return (this.#backend ??= this.#createBackend());
  }

  async explain(target: HandlerClass<unknown>): Promise<Explanation> {
    const chosen = this.#options.isolation === 'inline' ? undefined : await this.#choosePlan();
    return explain(target, this.#modules, chosen);
  }

  find(handler: HandlerClass<unknown> | string, method: string | undefined): TaskHandler {
    this.#comparison.beforeTask();
    return this.#handlers.find(handler, method);
  }

  run(
    handler: TaskHandler,
    args: readonly unknown[],
    options: TaskOptions | undefined,
  ): Promise<unknown> {
    const wrapped = this.#handlers.wrapped(handler);
    if (wrapped === undefined) {
      return this.backend.run(handler, args, options);
    }
    const instance = this.#explorer.instanceOf(wrapped);
    if (instance === undefined) {
      throw new ConfigurationError(
        `${handler.name} has decorators above @CpuTask(), which run() goes through as a call does, and Nest has ` +
          `not built ${wrapped.target.name} yet. Call run() in a lifecycle hook or later.`,
        { handler: handler.name },
      );
    }
    return Promise.resolve(callWithOptions(instance, wrapped, args, options));
  }

  refuseWrapped(handler: TaskHandler, method: string): void {
    if (this.#handlers.wrapped(handler)) {
      throw new ConfigurationError(
        `${handler.name} has decorators above @CpuTask(). They wrap calls of the method, and ${method}() submits ` +
          'its tasks without one, so it would skip them. Use run(), or call the method; or move the decorators ' +
          'below @CpuTask(), where they run in the worker.',
        { handler: handler.name },
      );
    }
  }

  callerFor(instance: object): TaskCaller | undefined {
    const origin = this.#explorer.originOf(instance);
    return origin?.kind === 'substitute'
      ? new SubstituteRefusal(origin.token, (definition) => this.#handlers.has(definition))
      : origin && this;
  }

  call(definition: HandlerDefinition, args: unknown[]): Promise<unknown> {
    this.#comparison.beforeTask();
    const handler = this.#handlers.ofDefinition(definition);
    if (handler === undefined) {
      return Promise.reject(unknownClass(definition));
    }
    return this.backend.run(handler, args, optionsOfCall(definition));
  }

  refuse(declared: HandlerDefinition, instance: object): Promise<never> {
    return Promise.reject(noSuchHandler(declared, instance));
  }

  /** @throws ConfigurationError if a handler cannot work */
  async onModuleInit(): Promise<void> {
    const { isolation } = this.#options;
    try {
      const inWorkers = isolation !== 'inline';
      this.#planner.main.open();
      const problems = [...this.#explorer.problems(inWorkers), ...this.#planner.main.problems()];
      const chosen =
        inWorkers && this.#explorer.handlers.length > 0 ? await this.#choosePlan() : undefined;
      refuse([...problems, ...(chosen?.problems ?? [])]);
      if (chosen) {
        this.#logPlan(chosen);
      }
      if (this.#handlers.size > 0) {
        // Not awaited: other modules initialise while the workers start.
        this.#warm = this.backend.warmUp();
        // onApplicationBootstrap() reports a failure. It may run later, so mark the rejection handled.
        this.#warm.catch(() => {});
      }
    } catch (error) {
      removeOwner(this);
      throw error;
    }
  }

  /**
   * Waits for the `minProcesses` workers, so that they are ready when the application begins to serve.
   * @throws ConfigurationError if workers cannot load the handlers
   */
  async onApplicationBootstrap(): Promise<void> {
    this.#findEmitter();
    this.#hasBooted = true;
    if (!this.#emitter) {
      this.#log.noEventEmitter();
    }
    try {
      await this.#warm;
    } catch (error) {
      // Many programs do not close an application that failed to start, and live workers would keep
      // the process alive.
      await this.backend.shutdown();
      throw error;
    }
  }

  async onModuleDestroy(): Promise<void> {
    // The caller stays registered: from now on decorated methods reject instead of running in the
    // application's own thread.
    await this.backend.shutdown();
  }

  #logPlan({ plan, reasons, warnings }: ChosenPlan): void {
    for (const warning of warnings) {
      this.#log.warn(warning);
    }
    if (plan.root !== undefined) {
      this.#log.debug(
        `Workers build the handlers' providers from the application's modules. ` +
          `Why: ${reasons.map(headOf).join('; ')}`,
      );
    }
  }

  #choosePlan(): Promise<ChosenPlan> {
    return this.#planner.choose(this.#options.injection, standIns());
  }

  get #handlers(): HandlerCatalog {
    return (this.#catalog ??= new HandlerCatalog(this.#explorer.handlers));
  }

  /** Stops searching once the application has booted: otherwise every event would search again. */
  #findEmitter(): EventEmitterLike | undefined {
    if (!this.#emitter && !this.#hasBooted) {
      this.#emitter = this.#explorer.eventEmitter();
    }
    return this.#emitter;
  }

  #createBackend(): Backend {
    const emitter = () => this.#findEmitter();
    const tapped = this.#bench?.tap(emitter);
    const options = this.#options;
    const log = this.#log;
    const backend = this.#makeBackend({
      options,
      log,
      publisher: new TaskPublisher(options, log, tapped ? () => tapped : emitter),
      workers: this.#makeWorkers(options, this.#explorer, {
        plan: async () => {
          const { plan, problems } = await this.#choosePlan();
          refuse(problems);
          return plan;
        },
        onCall: (provider, method, args) => this.#planner.main.call(provider, method, args),
        onLost: (lost, where) => this.#log.lostClass(lost, where),
        onInstances: () => (this.#comparison.isOver ? undefined : this.#comparison.receive),
      }),
    });
    return new InterceptedBackend(backend, () => allInterceptors(this.#interceptors));
  }
}

/** A reason without the ways to fix it. */
function headOf(reason: string): string {
  return reason.split(/: |\. /, 1)[0] ?? reason;
}
