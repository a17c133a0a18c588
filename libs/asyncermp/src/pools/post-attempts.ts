import type { MessagePort } from 'node:worker_threads';
import { addRun, newRunMessage, type RunMessage } from '../protocol/run-message.js';
import { failedToClone } from '../protocol/serialization-error.js';
import type { TaskSerializationError } from '../tasks/errors.js';
import type { Attempt } from './lane.js';

/**
 * Sends attempts to a worker, in their order and as few messages as can be: waking it costs more than a
 * short task. One that cannot be cloned keeps none of the others from being sent.
 */
export function postAttempts<A extends Attempt>(
  port: MessagePort,
  attempts: readonly A[],
  onUnsendable: (attempt: A, error: TaskSerializationError) => void,
): void {
  const postOne = (attempt: A): void => {
    try {
      port.postMessage(runMessage([attempt]), attempt.transferList);
    } catch (error) {
      const { args, transferList, uid, handlerName: handler } = attempt;
      onUnsendable(attempt, failedToClone(args, 'args', transferList, error, { uid, handler }));
    }
  };
  const postTogether = (group: readonly A[]): void => {
    if (group.length > 0) {
      try {
        port.postMessage(runMessage(group));
      } catch {
        // One of them cannot be cloned: each for itself, to see which.
        group.forEach(postOne);
      }
    }
  };
  let together: A[] = [];
  for (const attempt of attempts) {
    if (attempt.transferList) {
      // What is handed over goes with its own message, but no earlier than what was sent before.
      postTogether(together);
      together = [];
      postOne(attempt);
    } else {
      together.push(attempt);
    }
  }
  postTogether(together);
}

function runMessage(attempts: readonly Attempt[]): RunMessage {
  const message = newRunMessage();
  for (const { slot, givenUid, seq, args } of attempts) {
    addRun(message, slot, givenUid ?? seq, args);
  }
  return message;
}
