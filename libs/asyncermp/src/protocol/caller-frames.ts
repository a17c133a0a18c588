/** How many frames of this library and of Node may stand between the caller and the limit. */
const OWN_FRAMES = 16;

const FRAME = /^\s+at /;
const THIS_FILE = /[\\/]protocol[\\/]caller-frames\.[jt]s:/;
const NODE_INTERNAL = /^\s+at (?:.*\()?node:/;
const INSTALLED = /[\\/]node_modules[\\/]nestjs-asyncermp[\\/]/;

/**
 * Puts the frames of whoever awaits what is being settled below the stack of the error, as far as V8
 * knows them here: to be called in a reaction of the awaited promise (see `rejectWithCaller`). Frames of
 * this library and of Node's internals are left out of both. They are written out when somebody reads
 * the stack, which costs more than all the rest of a failure.
 */
export function joinCallerFrames(error: Error): void {
  const stack = error.stack ?? '';
  const caller = captureFrames();
  let joined: string | undefined;
  Object.defineProperty(error, 'stack', {
    get: () => (joined ??= join(stack, caller)),
    set: (value: string) => {
      joined = value;
    },
    configurable: true,
    enumerable: false,
  });
}

function captureFrames(): { readonly stack?: unknown } {
  const { stackTraceLimit } = Error;
  const captured: { readonly stack?: unknown } = {};
  // Not by assignment, which throws where somebody has frozen Error.
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit > 0 ? stackTraceLimit + OWN_FRAMES : 0);
  Error.captureStackTrace(captured);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return captured;
}

function join(stack: string, { stack: captured }: { readonly stack?: unknown }): string {
  // Not a string where somebody's Error.prepareStackTrace makes it something else.
  const here =
    typeof captured === 'string' ? captured.split('\n').filter((l) => FRAME.test(l)) : [];
  const own = ownDirectory(here[0] ?? '');
  const isForeign = (line: string): boolean =>
    !NODE_INTERNAL.test(line) &&
    !INSTALLED.test(line) &&
    (own === undefined || !FRAME.test(line) || !line.includes(own));
  const caller = here.slice(1).filter(isForeign).slice(0, Error.stackTraceLimit);
  return [...stack.split('\n').filter(isForeign), ...caller].join('\n');
}

/**
 * Where this library lies, as its own frame writes it: `dist`, or `src` with source maps, or nowhere in
 * a bundle. import.meta.url would name the file, not what source maps make of it.
 */
function ownDirectory(ownFrame: string): string | undefined {
  const end = ownFrame.search(THIS_FILE);
  return end < 0 ? undefined : ownFrame.slice(ownFrame.indexOf('(') + 1, end + 1);
}
