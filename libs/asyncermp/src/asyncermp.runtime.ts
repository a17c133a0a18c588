import {
  Inject,
  Injectable,
  Optional,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { ResolvedOptions } from './asyncermp.options.js';
import { TaskRuntime } from './asyncermp.service.js';
import {
  WORKER_FACTORY,
  OPTIONS_TOKEN,
  TEST_BENCH_TOKEN,
  type MakeWorkers,
  type TestBench,
} from './asyncermp.tokens.js';
import { addCaller, removeCaller, type TaskCaller } from './handlers/call-router.js';
import { HandlerCatalog } from './handlers/handler-catalog.js';
import { HandlerExplorer } from './handlers/handler.explorer.js';
import type { HandlerClass } from './contract/handler-types.js';
import type { HandlerDefinition } from './injection/handler-registry.js';
import type { Backend, TaskHandler } from './contract/backend.js';
import { Scheduler } from './engine/scheduler.js';
import { TaskPublisher, type EventEmitterLike } from './engine/task-publisher.js';
import { PoolLog } from './pool/pool-log.js';
import { standIns } from './injection/stand-ins.js';

/**
 * Ties the pool to the application's lifecycle. The first submission or the module's initialisation,
 * whichever comes first, creates the pool; the application's shutdown ends it.
 */
@Injectable()
export class AsyncerMpRuntime
  extends TaskRuntime
  implements TaskCaller, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy
{
  readonly #log: PoolLog;
  #catalog: HandlerCatalog | undefined = undefined;
  #backend: Backend | undefined = undefined;
  #warm: Promise<void> | undefined = undefined;
  #hasBooted = false;
  #emitter: EventEmitterLike | undefined = undefined;

  constructor(
    @Inject(OPTIONS_TOKEN) private readonly options: ResolvedOptions,
    @Inject(WORKER_FACTORY) private readonly makeLanes: MakeWorkers,
    private readonly explorer: HandlerExplorer,
    @Optional() @Inject(TEST_BENCH_TOKEN) private readonly bench: TestBench | undefined,
  ) {
    super();
    bench?.attach(this);
    this.#log = new PoolLog(options.logger);
    addCaller(this);
  }

  get backend(): Backend {
    return (this.#backend ??= this.#makeBackend());
  }

  find(handler: HandlerClass<unknown> | string, method: string | undefined): TaskHandler {
    return this.#handlers.find(handler, method);
  }

  owns(instance: object): boolean {
    return this.explorer.owns(instance);
  }

  call(definition: HandlerDefinition, args: unknown[]): Promise<unknown> {
    return this.backend.run(this.#handlers.ofDefinition(definition), args);
  }

  /** @throws ConfigurationError if a handler cannot work */
  async onModuleInit(): Promise<void> {
    const { isolation } = this.options;
    try {
      const warnings = await this.explorer.verify(isolation === 'inline' ? undefined : standIns());
      for (const warning of warnings) {
        this.#log.warn(warning);
      }
      if (this.#handlers.size > 0) {
        // Not awaited: other modules initialise while the workers start.
        this.#warm = this.backend.warmUp();
        // onApplicationBootstrap() reports a failure. It may run later, so mark the rejection handled.
        this.#warm.catch(() => {});
      }
    } catch (error) {
      removeCaller(this);
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

  get #handlers(): HandlerCatalog {
    return (this.#catalog ??= new HandlerCatalog(this.explorer.handlers));
  }

  /** Stops searching once the application has booted: otherwise every event would search again. */
  #findEmitter(): EventEmitterLike | undefined {
    if (!this.#emitter && !this.#hasBooted) {
      this.#emitter = this.explorer.eventEmitter();
    }
    return this.#emitter;
  }

  #makeBackend(): Backend {
    const emitter = () => this.#findEmitter();
    const heard = this.bench?.tap(emitter);
    const publisher = new TaskPublisher(this.options, this.#log, heard ? () => heard : emitter);
    const lanes = this.makeLanes(this.options, this.explorer);
    return new Scheduler(this.options, publisher, this.#log, lanes);
  }
}
