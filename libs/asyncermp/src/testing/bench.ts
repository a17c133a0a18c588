import type { AsyncerMpOptions } from '../asyncermp.options.js';
import type { TaskRuntime } from '../asyncermp.service.js';
import type { TestBench } from '../asyncermp.tokens.js';
import type { HandlerClass } from '../contract/handler-types.js';
import type { InlineCall, InlineFault, InlineGate } from '../pool/channels/inline.channel.js';
import type { Task } from '../engine/task.js';
import type { EventEmitterLike } from '../engine/task-publisher.js';
import { ConfigurationError } from '../contract/errors.js';
import { EventRecord, TappedEmitter } from './event-record.js';
import { Faults } from './faults.js';
import { Holds } from './holds.js';

/** Holds, faults and recorded events of one application, between the pool and its handlers. */
export class Bench implements TestBench, InlineGate<Task> {
  readonly holds = new Holds();
  readonly faults = new Faults();
  readonly record = new EventRecord();
  readonly gate = this;
  #runtime: TaskRuntime | undefined = undefined;
  readonly #overrides: AsyncerMpOptions;

  constructor(overrides: AsyncerMpOptions) {
    this.#overrides = overrides;
  }

  adjust(given: AsyncerMpOptions | number = {}): AsyncerMpOptions {
    const options = typeof given === 'number' ? { maxProcesses: given } : given;
    return { ...options, ...this.#overrides, isolation: 'inline' };
  }

  attach(runtime: TaskRuntime): void {
    if (this.#runtime) {
      throw new ConfigurationError(
        'AsyncerMpTestingModule found AsyncerMpModule twice in this application. ' +
          'AsyncerMpTestingModule.forRoot() brings one of its own: beside a module that imports ' +
          'AsyncerMpModule itself, use AsyncerMpTestingModule.forApplication().',
      );
    }
    this.#runtime = runtime;
  }

  tap(emitter: () => EventEmitterLike | undefined): EventEmitterLike {
    return new TappedEmitter(emitter, this.record);
  }

  async pass(call: InlineCall<Task>): Promise<InlineFault | undefined> {
    await this.holds.pass(call);
    return this.faults.next(call.attempt);
  }

  /**
   * The name of a handler of the application.
   *
   * @throws UnknownHandlerError
   */
  nameOf(handler: HandlerClass<unknown> | string, method: string | undefined): string {
    if (!this.#runtime) {
      throw new ConfigurationError(
        'AsyncerMpTestingModule.forApplication() found no AsyncerMpModule in this application. Use ' +
          'AsyncerMpTestingModule.forRoot(), which brings one of its own.',
      );
    }
    return this.#runtime.find(handler, method).name;
  }
}
