import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import type { TaskContext } from '../../contract/task-context.js';

/** Options of {@link clsContext}. */
export interface ClsContextOptions {
  /**
   * Keys of the store that handlers do without, because what they hold cannot be sent to a worker. Default: none.
   */
  readonly omit?: readonly string[];
}

/** What is sent: the entries of the store, and the id under {@link ID}. */
type SentStore = Readonly<Record<string, unknown>>;

/** nestjs-cls has the id under a Symbol, which a clone drops. */
const ID = 'nestjs-cls:id';

/**
 * The context of `nestjs-cls` as a context of tasks: in the handler, `ClsService` has a copy of the caller's store,
 * as it was at the call. `getId()` returns the id of the caller's context.
 *
 * Request, response and execution context, which cannot be cloned, stay in the application, as does everything
 * else under a Symbol: proxy providers, and what plugins keep there.
 *
 * @example
 * ```ts
 * import { clsContext } from 'nestjs-asyncermp/cls';
 *
 * @Module({
 *   imports: [
 *     ClsModule.forRoot({ global: true, middleware: { mount: true, generateId: true } }),
 *     AsyncerMpModule.forRoot({ context: [clsContext()] }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
export function clsContext({ omit = [] }: ClsContextOptions = {}): TaskContext {
  const cls = ClsServiceManager.getClsService();
  const context: TaskContext<SentStore> = {
    name: 'cls',
    capture() {
      const store = cls.get() as Readonly<Record<PropertyKey, unknown>> | undefined;
      if (store === undefined) {
        return undefined;
      }
      const sent: Record<string, unknown> = {};
      for (const key of Object.keys(store)) {
        if (!omit.includes(key)) {
          sent[key] = store[key];
        }
      }
      const id = store[CLS_ID];
      if (id !== undefined) {
        sent[ID] = id;
      }
      return sent;
    },
    restore({ [ID]: id, ...entries }, run) {
      const store = id === undefined ? entries : { ...entries, [CLS_ID]: id };
      return cls.runWith(store, run);
    },
  };
  return context;
}
