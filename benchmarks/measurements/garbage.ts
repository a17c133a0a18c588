/** Runs a full collection of this thread's heap. The process needs `--expose-gc`. */
export function collectGarbage(): void {
  const { gc } = globalThis;
  if (!gc) {
    throw new Error('Memory is measured in a process with --expose-gc');
  }
  // Twice, since only the second run finds what finalisers of the first one have released.
  gc();
  gc();
}
