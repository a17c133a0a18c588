/** How many frames of this library and of Node may stand between the caller and the limit. */
const OWN_FRAMES = 16;

const FRAME = /^\s+at /;
const THIS_FILE = /[\\/]protocol[\\/]caller-frames\.[jt]s:/;
const NODE_INTERNAL = /^\s+at (?:.*\()?node:/;
const INSTALLED = /[\\/]node_modules[\\/]nestjs-asyncermp[\\/]/;

/**
 * The frames of whoever awaits what is being settled, as they stand in a stack: to be called where V8
 * knows them, in a reaction of the awaited promise (see `rejectWithCaller`). Frames of this library and
 * of Node's internals are left out. Empty if there are none.
 */
export function callerFrames(): string {
  const limit = Error.stackTraceLimit;
  if (!(limit > 0)) {
    return '';
  }
  // Not by assignment, which throws where somebody has frozen Error.
  Reflect.set(Error, 'stackTraceLimit', limit + OWN_FRAMES);
  const { stack } = new Error('caller');
  Reflect.set(Error, 'stackTraceLimit', limit);
  // Not a string where somebody's Error.prepareStackTrace makes it something else.
  const frames = typeof stack === 'string' ? stack.split('\n').filter((l) => FRAME.test(l)) : [];
  const own = ownDirectory(frames[0] ?? '');
  return frames
    .slice(1)
    .filter(
      (frame) =>
        !NODE_INTERNAL.test(frame) &&
        !INSTALLED.test(frame) &&
        (own === undefined || !frame.includes(own)),
    )
    .slice(0, limit)
    .join('\n');
}

/**
 * Where this library lies, as its own frame writes it: `dist`, or `src` with source maps, or nowhere in
 * a bundle. import.meta.url would name the file, not what source maps make of it.
 */
function ownDirectory(ownFrame: string): string | undefined {
  const end = ownFrame.search(THIS_FILE);
  return end < 0 ? undefined : ownFrame.slice(ownFrame.indexOf('(') + 1, end + 1);
}
