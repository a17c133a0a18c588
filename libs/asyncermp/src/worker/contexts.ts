import type { RunInput, SubmitInput, TaskInterceptor } from '../contract/interceptor.js';
import type { TaskContext } from '../contract/task-context.js';
import { findUncloneable, serializationError } from '../protocol/uncloneable.js';
import { runningTask, type RunningTask } from './current-task.js';

/** How the option `context` names a context: the same in the application and in its workers. */
export function contextNames(contexts: readonly TaskContext[] = []): string[] {
  return contexts.map(({ name }, index) => name ?? String(index));
}

/** The interceptors that carry the contexts from a call to its attempts: none without contexts. */
export function contextInterceptors(contexts: readonly TaskContext[] = []): TaskInterceptor[] {
  return contexts.length === 0 ? [] : [new ContextInterceptor(contexts)];
}

/** The name of the header that has what was captured, by the places of the contexts. */
const HEADER = 'context';

class ContextInterceptor implements TaskInterceptor {
  readonly #contexts: readonly TaskContext[];
  /** How messages name what a context captured. */
  readonly #paths: readonly string[];

  constructor(contexts: readonly TaskContext[]) {
    this.#contexts = contexts;
    this.#paths = contexts.map(({ name }, place) =>
      name === undefined ? `context[${place}]` : `context.${name}`,
    );
  }

  /** @throws TaskSerializationError for what cannot be sent: nothing is submitted then */
  submit<R>(input: SubmitInput, next: (input: SubmitInput) => R): R {
    const captured: unknown[] = [];
    let isEmpty = true;
    for (const context of this.#contexts) {
      const value = context.capture();
      isEmpty &&= value === undefined;
      captured.push(value);
    }
    if (isEmpty) {
      return next(input);
    }
    this.#check(captured, input);
    const { handler, args, options, signals } = input;
    const headers = input.headers
      ? { ...input.headers, [HEADER]: captured }
      : { [HEADER]: captured };
    // Spelled out: to spread the input takes longer than all the rest.
    return next(
      signals ? { handler, args, options, signals, headers } : { handler, args, options, headers },
    );
  }

  /** The first context is the outermost. */
  run(input: RunInput, next: (input: RunInput) => unknown): unknown {
    const sent = input.headers?.[HEADER];
    return Array.isArray(sent) ? this.#restore(0, sent, () => next(input)) : next(input);
  }

  #restore(from: number, sent: readonly unknown[], run: () => unknown): unknown {
    for (let place = from; place < sent.length; place++) {
      const context = this.#contexts[place];
      const value = sent[place];
      if (context && value !== undefined) {
        noteRequest(context, value);
        const isLast = place + 1 === sent.length;
        return context.restore(value, isLast ? run : () => this.#restore(place + 1, sent, run));
      }
    }
    return run();
  }

  #check(captured: readonly unknown[], { handler, options }: SubmitInput): void {
    for (let place = 0; place < captured.length; place++) {
      const culprit = findUncloneable(captured[place], this.#paths[place] ?? HEADER);
      if (culprit) {
        throw serializationError(culprit, { uid: options?.uid, handler });
      }
    }
  }
}

function noteRequest(context: TaskContext, value: unknown): void {
  const request = context.request?.(value);
  const task = request === undefined ? undefined : runningTask();
  if (task && !requests.has(task)) {
    requests.set(task, request);
  }
}

/** What `REQUEST` is in the tasks whose context gives one. */
const requests = new WeakMap<RunningTask, unknown>();

/** What `REQUEST` is in the running task: what its context gives, or undefined. */
export function requestOfTask(): unknown {
  const task = runningTask();
  return task && requests.get(task);
}
