import { isDeepStrictEqual } from 'node:util';

/** The outcome of a submission: one of the states of a settled task, or refused at the call. */
export type Outcome =
  | { readonly state: 'completed'; readonly value: unknown }
  | { readonly state: 'failed' | 'cancelled' | 'refused'; readonly error: unknown };

/** Says what is wrong with an outcome, given how many attempts began; undefined if it is permitted. */
export type Permitted = (outcome: Outcome, begun: number) => string | undefined;

/** Permits this value after exactly this number of attempts. */
export function completed(value: unknown, attempts: number): Permitted {
  return (outcome, begun) => {
    if (outcome.state !== 'completed' || !isDeepStrictEqual(outcome.value, value)) {
      return `completes with ${String(value)}`;
    }
    return begun === attempts ? undefined : `takes ${attempts} attempts, and took ${begun}`;
  };
}

/** Permits an error with these properties after exactly this number of attempts. */
export function failed(properties: object, attempts: number): Permitted {
  return (outcome, begun) =>
    outcome.state === 'failed' && matches(outcome.error, properties) && begun === attempts
      ? undefined
      : `fails with ${JSON.stringify(properties)} at attempt ${attempts}, and began ${begun}`;
}

/** Permits a timeout after at most this number of attempts. */
export function timedOut(phase: string, attempts: number): Permitted {
  const error = { code: 'ASYNCERMP_TIMEOUT', phase };
  return (outcome, begun) =>
    outcome.state === 'failed' && matches(outcome.error, error) && begun <= attempts
      ? undefined
      : `times out (${phase}) within ${attempts} attempts, and began ${begun}`;
}

/** Permits a cancel with this cause after at most this number of attempts. */
export function cancelled(cause: string, attempts: number): Permitted {
  return (outcome, begun) =>
    outcome.state === 'cancelled' && matches(outcome.error, { cause }) && begun <= attempts
      ? undefined
      : `is cancelled by ${cause} within ${attempts} attempts, and began ${begun}`;
}

/** Permits a refusal at the call, with no attempt. */
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
