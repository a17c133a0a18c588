import { AnswerKind, NO_ANSWER, ToWorker } from '../../protocol/envelope.js';
import type { AnswerMessage, CallMessage, LogLine } from '../../protocol/envelope.js';
import { encodeError } from '../../protocol/error-codec.js';
import { safeInspect } from '../../contract/safe-inspect.js';
import type { LostClass } from '../../protocol/lost-classes.js';
import { takeTransferList } from '../../protocol/transfer.js';
import { decodeIncoming, encodeValue } from '../../protocol/outgoing.js';
import { inspectOutgoing } from '../../protocol/uncloneable.js';
import type { Transferable } from 'node:worker_threads';
import type { WaitForApplication } from './channel.js';

/** Calls a method of a provider that stays in the application; rejects where that is refused. */
export type CallMain = (
  provider: string,
  method: string,
  args: readonly unknown[],
) => Promise<unknown>;

/** What the application does for a call of its worker. */
interface CallReplies {
  /** Sends an answer. Throws where it cannot be cloned. */
  readonly post: (message: AnswerMessage, transferList?: readonly Transferable[]) => void;
  /** Whether instances of classes that are not sendable are refused. */
  readonly isStrict: boolean;
  /** Hears which class was lost for the first time. */
  readonly onLost: (lost: LostClass, where: string) => void;
  /** Writes about a call that failed and that the worker does not wait for. */
  readonly logError: (line: LogLine) => void;
}

/** Where a class was lost, for the warning. */
const FROM_A_WORKER = "a worker's call";

/**
 * Makes the call and answers it. Never rejects.
 *
 * @param wait - Of the attempt that waits for the answer.
 */
export async function answerCall(
  [, id, , provider, method, args, crossing]: CallMessage,
  call: CallMain,
  wait: WaitForApplication,
  replies: CallReplies,
): Promise<void> {
  let result: unknown;
  try {
    if (crossing?.lost) {
      replies.onLost(crossing.lost, FROM_A_WORKER);
    }
    const given = crossing?.encoded
      ? (decodeIncoming(crossing.encoded, `${provider}.${method}().args`, {}) as unknown[])
      : args;
    result = await call(provider, method, given);
  } catch (error) {
    if (id === NO_ANSWER) {
      replies.logError(failedLine(`${provider}.${method}()`, error));
    } else {
      const encoded = encodeError(error);
      wait.end(() => replies.post([ToWorker.Answer, id, AnswerKind.Error, encoded]));
    }
    return;
  }
  if (id !== NO_ANSWER) {
    wait.end(() => sendResult(id, `${provider}.${method}()`, result, replies));
  }
}

function sendResult(
  id: number,
  call: string,
  result: unknown,
  { post, isStrict, onLost }: CallReplies,
): void {
  const transferList = takeTransferList([result]);
  try {
    // Before it is sent: what V8 can write and not read would be lost with all that is sent behind it.
    const inspection = inspectOutgoing(result, 'result', isStrict, transferList);
    if (inspection?.lost) {
      onLost({ ...inspection.lost, path: `${call}.${inspection.lost.path}` }, FROM_A_WORKER);
    }
    if (inspection?.culprit) {
      // The worker knows the task that the error is about.
      const { path, what } = inspection.culprit;
      post([ToWorker.Answer, id, AnswerKind.Unsendable, path, what]);
    } else if (inspection?.needsEncoding) {
      const encoded = encodeValue(result, 'result', isStrict, {}, transferList);
      post([ToWorker.Answer, id, AnswerKind.Result, undefined, encoded], transferList);
    } else {
      post([ToWorker.Answer, id, AnswerKind.Result, result], transferList);
    }
  } catch (thrown) {
    // Of a getter that changed meanwhile, or of `to` of a class.
    post([ToWorker.Answer, id, AnswerKind.Error, encodeError(thrown)]);
  }
}

function failedLine(call: string, error: unknown): LogLine {
  return {
    message: `${call}, which a worker called without waiting for it, threw: ${safeInspect(error)}`,
    context: undefined,
    extra: [],
    uid: undefined,
    handler: undefined,
  };
}
