/** A handler, or a function that calls it. */
export type Run = (this: unknown, ...args: unknown[]) => unknown;

/** Calls a handler. The frames below this one in a stack belong to the library and are not shown to users. */
export function callHandlerOfTask(run: Run, instance: unknown, args: readonly unknown[]): unknown {
  return run.apply(instance, args as unknown[]);
}

// By the function's name at run time, because a minifier may rename it.
const BOTTOM = new RegExp(String.raw`\n\s+at (?:async )?(?:\w+\.)?${callHandlerOfTask.name} `);

/** The frames of a stack down to the handler. */
export function framesOfHandler(stack: string): string {
  const end = stack.search(BOTTOM);
  return end < 0 ? stack : stack.slice(0, end);
}
