import type { Type } from '@nestjs/common';
import type { CpuTaskOptions } from '../tasks/task-options.js';

/** A method that `@CpuTask()` was put on, as the decorator saw it. */
export interface HandlerDefinition {
  /** `Class.method`, or the decorator's `name`: unique in an application. */
  readonly name: string;
  readonly target: Type<object>;
  readonly method: string;
  /**
   * The file whose import defines the class: a path, or a `file:` URL. Undefined where the runtime does
   * not tell (code that was evaluated from a string).
   */
  readonly file: string | undefined;
  /** The method as the user wrote it: what a worker runs. */
  readonly run: (this: unknown, ...args: unknown[]) => unknown;
  readonly options: CpuTaskOptions;
}
