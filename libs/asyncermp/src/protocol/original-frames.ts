let originalFrames: (stack: string) => string = (stack) => stack;

/** In a worker that runs an image: how to replace the positions in its script by those in the files. */
export function setOriginalFrames(replace: (stack: string) => string): void {
  originalFrames = replace;
}

/** The stack with the positions of the files that are installed, also where the code ran from an image. */
export function withOriginalFrames(stack: string): string {
  return originalFrames(stack);
}
