/** A full collection of this thread's heap. The process needs `--expose-gc`. */
export function collectGarbage(): void {
  const { gc } = globalThis;
  if (!gc) {
    throw new Error('Memory is measured in a process with --expose-gc');
  }
  // Twice: what a finaliser lets go of in the first is only found by the second.
  gc();
  gc();
}
