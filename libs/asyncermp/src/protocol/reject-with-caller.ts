/**
 * Rejects a deferred promise in such a way that, while `make` runs, V8 knows the async functions that
 * wait for it: an error that is made (or joined with `joinCallerFrames()`) there has the caller's frames in
 * its stack.
 *
 * V8 follows a promise to who awaits it only from within a reaction of it. So the deferred is resolved
 * with another promise that rejects by throwing, and that two microtasks later: one tick after the
 * deferred has attached itself. It also follows only promises with a single reaction: whoever watches
 * the deferred (to note that a rejection was handled, say) cuts the trace of all.
 *
 * @param resolve the deferred's own `resolve`. It must not have been called before, since the rejection
 * would then be nobody's, and unhandled.
 * @param make what to reject with
 */
export function rejectWithCaller(
  resolve: (outcome: Promise<never>) => void,
  make: () => unknown,
): void {
  resolve(
    Promise.resolve()
      .then(() => {})
      .then(() => {
        throw make();
      }),
  );
}
