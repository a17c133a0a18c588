const KEY = Symbol.for('nestjs-asyncermp:original-frames:1');

type OriginalFrames = (stack: string) => string;

const shared = globalThis as { [KEY]?: OriginalFrames };

/** Says, in a worker that runs an image, how the frames of a stack are told by the modules' own files. */
export function setOriginalFrames(originalFrames: OriginalFrames): void {
  shared[KEY] = originalFrames;
}

/** The stack, with the frames that lie in an image told by the files that the modules are of. */
export function originalFrames(stack: string): string {
  return shared[KEY]?.(stack) ?? stack;
}
