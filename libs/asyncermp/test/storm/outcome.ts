import { isDeepStrictEqual } from 'node:util';

/** What came of a submission: one of the states of a settled task, or it was refused at the call. */
export type Outcome =
  | { readonly state: 'completed'; readonly value: unknown }
  | { readonly state: 'failed' | 'cancelled' | 'refused'; readonly error: unknown };

/** Says what is wrong with an outcome, given how many attempts began; undefined if it is permitted. */
export type Permitted = (outcome: Outcome, begun: number) => string | undefined;

/** The value, after exactly so many attempts. */
export function completed(value: unknown, attempts: number): Permitted {
  return (outcome, begun) => {
    if (outcome.state !== 'completed' || !isDeepStrictEqual(outcome.value, value)) {
      return `completes with ${String(value)}`;
    }
    return begun === attempts ? undefined : `takes ${attempts} attempts, and took ${begun}`;
  };
}

/** An error with these properties, after exactly so many attempts. */
export function failed(properties: object, attempts: number): Permitted {
  return (outcome, begun) =>
    outcome.state === 'failed' && matches(outcome.error, properties) && begun === attempts
      ? undefined
      : `fails with ${JSON.stringify(properties)} at attempt ${attempts}, and began ${begun}`;
}

/** A time limit, after at most so many attempts. */
export function timedOut(phase: string, attempts: number): Permitted {
  const error = { code: 'ASYNCERMP_TIMEOUT', phase };
  return (outcome, begun) =>
    outcome.state === 'failed' && matches(outcome.error, error) && begun <= attempts
      ? undefined
      : `times out (${phase}) within ${attempts} attempts, and began ${begun}`;
}

/** Cancelled for this reason, after at most so many attempts. */
export function cancelled(cause: string, attempts: number): Permitted {
  return (outcome, begun) =>
    outcome.state === 'cancelled' && matches(outcome.error, { cause }) && begun <= attempts
      ? undefined
      : `is cancelled by ${cause} within ${attempts} attempts, and began ${begun}`;
}

/** Refused at the call, and never begun. */
export function refused(properties: object): Permitted {
  return (outcome, begun) =>
    outcome.state === 'refused' && matches(outcome.error, properties) && begun === 0
      ? undefined
      : `is refused with ${JSON.stringify(properties)}`;
}

export function anyOf(...all: readonly Permitted[]): Permitted {
  return (outcome, begun) => {
    const wrong = all.map((permitted) => permitted(outcome, begun));
    return wrong.includes(undefined) ? undefined : wrong.join(', or ');
  };
}

function matches(error: unknown, properties: object): boolean {
  return (
    error instanceof Error &&
    Object.entries(properties).every(([key, value]) =>
      isDeepStrictEqual((error as unknown as Record<string, unknown>)[key], value),
    )
  );
}
