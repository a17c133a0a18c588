import type { Transferable } from 'node:worker_threads';
import type { CallsApplication } from '../injection/main-stand-in.js';
import {
  AnswerKind,
  FromWorker,
  NO_ANSWER,
  type AnswerMessage,
  type CallMessage,
} from '../protocol/envelope.js';
import { decodeError } from '../protocol/error-codec.js';
import type { EncodedValue } from '../protocol/value-codec.js';
import { takeTransferList } from '../protocol/transfer.js';
import { decodeIncoming, prepareOutgoing } from '../protocol/outgoing.js';
import { failedToClone, serializationError } from '../protocol/uncloneable.js';
import { runningTask } from './current-task.js';

/** No attempt waits for the answer. */
const NO_SLOT = -1;

/** A call that waits for its answer. */
interface Waiting {
  readonly provider: string;
  readonly method: string;
  /** Uid and handler of the task that waits; undefined outside of a task. */
  readonly subject: { readonly uid?: string; readonly handler?: string };
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The calls of this worker to providers that stay in the application. A call inside of a task ends with the
 * task: when that is cancelled or timed out, the call fails with the reason, and its answer is dropped.
 */
export class ApplicationCalls implements CallsApplication {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = NO_ANSWER;

  readonly #post: (message: CallMessage, transferList?: readonly Transferable[]) => void;

  readonly #isStrict: boolean;

  /**
   * @param isStrict - Whether instances of classes that are not sendable are refused.
   * @param post - Throws where the message cannot be cloned.
   */
  constructor(
    isStrict: boolean,
    post: (message: CallMessage, transferList?: readonly Transferable[]) => void,
  ) {
    this.#isStrict = isStrict;
    this.#post = post;
  }

  call(provider: string, method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const task = runningTask();
      // Before it is sent: the task may be cancelled from then on, and an aborted signal has no event any more.
      const signal = task?.signal;
      task?.throwIfCancelled();
      signal?.throwIfAborted();
      const id = ++this.#lastId;
      this.#send(id, task?.hasEnded === false ? task.slot : NO_SLOT, provider, method, args);
      const subject = task ? { uid: task.uid, handler: task.handler } : {};
      if (!signal) {
        this.#waiting.set(id, { provider, method, subject, resolve, reject });
        return;
      }
      const onAbort = (): void => {
        this.#waiting.delete(id);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const stopListening = (): void => signal.removeEventListener('abort', onAbort);
      this.#waiting.set(id, {
        provider,
        method,
        subject,
        resolve: (result) => {
          stopListening();
          resolve(result);
        },
        reject: (error) => {
          stopListening();
          reject(error);
        },
      });
    });
  }

  notify(provider: string, method: string, args: readonly unknown[]): void {
    runningTask()?.throwIfCancelled();
    this.#send(NO_ANSWER, NO_SLOT, provider, method, args);
  }

  /** An answer of the application. */
  receive(answer: AnswerMessage): void {
    const [, id] = answer;
    const waiting = this.#waiting.get(id);
    if (!waiting) {
      return;
    }
    this.#waiting.delete(id);
    const { provider, method, subject } = waiting;
    switch (answer[2]) {
      case AnswerKind.Result:
        this.#resolve(waiting, answer[3], answer[4]);
        break;
      case AnswerKind.Error:
        waiting.reject(decodeError(answer[3]));
        break;
      case AnswerKind.Unsendable: {
        const path = `${provider}.${method}().${answer[3]}`;
        waiting.reject(serializationError({ path, what: answer[4] }, subject));
        break;
      }
    }
  }

  #resolve(waiting: Waiting, result: unknown, encoded: EncodedValue | undefined): void {
    const { provider, method, subject } = waiting;
    try {
      waiting.resolve(
        encoded ? decodeIncoming(encoded, `${provider}.${method}().result`, subject) : result,
      );
    } catch (error) {
      waiting.reject(error);
    }
  }

  #send(
    id: number,
    slot: number,
    provider: string,
    method: string,
    args: readonly unknown[],
  ): void {
    const path = `${provider}.${method}().args`;
    const transferList = takeTransferList(args);
    const task = runningTask();
    const subject = task ? { uid: task.uid, handler: task.handler } : {};
    const crossing = prepareOutgoing(args, path, this.#isStrict, subject, transferList);
    try {
      this.#post(
        crossing
          ? [FromWorker.Call, id, slot, provider, method, crossing.encoded ? [] : args, crossing]
          : [FromWorker.Call, id, slot, provider, method, args],
        transferList,
      );
    } catch (thrown) {
      throw failedToClone(args, path, transferList, thrown, subject);
    }
  }
}
