/** A handler, or a way to call it. */
export type Run = (this: unknown, ...args: unknown[]) => unknown;

/** Calls a handler. In a stack, what lies below this function is the library's, and no news to anybody. */
export function callHandlerOfTask(run: Run, instance: unknown, args: readonly unknown[]): unknown {
  return run.apply(instance, args as unknown[]);
}

// By its name at run time: a minifier may have given it another one.
const BOTTOM = new RegExp(String.raw`\n\s+at (?:async )?(?:\w+\.)?${callHandlerOfTask.name} `);

/** The frames of a stack down to the handler. */
export function framesOfHandler(stack: string): string {
  const end = stack.search(BOTTOM);
  return end < 0 ? stack : stack.slice(0, end);
}
