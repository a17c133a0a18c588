import type { MessagePort } from 'node:worker_threads';
import { FromWorker } from '../protocol/envelope.js';
import { encodeError } from '../protocol/error-codec.js';

/**
 * Reports what a thread throws and nothing catches, and ends the thread.
 *
 * Node would do the same, but its own report clones the error: one that lies in its own cause, or that is
 * nested too deeply, cannot be read in the application, where the attempt ends the process.
 *
 * It replaces `process.emit`, as packages for exit handlers do, because that is the one place where Node
 * asks whether a listener of the user takes the error, and where such a listener may throw another one. A
 * listener of our own would count as one that takes it.
 */
export function reportUncaughtErrors(port: MessagePort): void {
  const emit = process.emit.bind(process) as (...args: unknown[]) => boolean;
  const exit = process.exit.bind(process);
  const die = (error: unknown): void => {
    port.postMessage([FromWorker.Uncaught, encodeError(error)]);
    try {
      exit(1);
    } catch {
      // A listener of `exit` threw. It is not called a second time.
      exit(1);
    }
  };
  const emitOrDie = (...args: unknown[]): boolean => {
    if (args[0] !== 'uncaughtException') {
      return emit(...args);
    }
    try {
      if (emit(...args)) {
        return true;
      }
      die(args[1]);
    } catch (thrown) {
      die(thrown);
    }
    return true;
  };
  process.emit = emitOrDie as typeof process.emit;
}
