type Kind = 'unhandledRejection' | 'uncaughtException';

/**
 * The errors and rejections that no code caught during the work, which can look at them as they come. The
 * test runner's own listeners, which would fail the run without naming the broken promise, are put aside
 * meanwhile.
 */
export async function collectUnhandled(
  work: (collected: readonly unknown[]) => Promise<unknown>,
): Promise<unknown[]> {
  const collected: unknown[] = [];
  const restore = (['unhandledRejection', 'uncaughtException'] as const).map((kind) =>
    replaceListeners(kind, (reason) => collected.push(reason)),
  );
  try {
    await work(collected);
  } finally {
    for (const undo of restore) {
      undo();
    }
  }
  return collected;
}

function replaceListeners(kind: Kind, listener: (reason: unknown) => void): () => void {
  const others = process.rawListeners(kind) as ((...args: unknown[]) => void)[];
  process.removeAllListeners(kind);
  process.on(kind, listener);
  return () => {
    process.removeAllListeners(kind);
    for (const other of others) {
      process.on(kind, other);
    }
  };
}
