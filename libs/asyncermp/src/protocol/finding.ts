import { headline } from '../tasks/safe-inspect.js';

/** One step of a path: from how the parent is written to how the child is. */
export type Step = (parent: string) => string;

/** The culprit of an uncloneable value, on its way from there to the root. */
export interface Finding {
  /** As it stands behind the path: `is a function`. */
  readonly what: string;
  /** From the culprit outwards. */
  readonly steps: Step[];
  /** What was thrown where the value was read. */
  readonly thrown?: { readonly value: unknown };
  /** The culprit is the depth itself. */
  readonly tooDeep?: true;
}

export function found(what: string): Finding {
  return { what, steps: [] };
}

export function tooDeep(): Finding {
  return { what: 'is nested too deeply', steps: [], tooDeep: true };
}

/** A getter, or a conversion to text, that threw. */
export function unreadable(thrown: unknown): Finding {
  return {
    what: `has a getter that throws (${headline(thrown)})`,
    steps: [],
    thrown: { value: thrown },
  };
}

/** The same culprit, seen from one step further out. */
export function at(finding: Finding, step: Step): Finding {
  finding.steps.push(step);
  return finding;
}

// Made here and not where they are used: a closure in a loop costs an allocation at every turn.

/** An item of an array. */
export function indexStep(index: number): Step {
  return (parent) => `${parent}[${index}]`;
}

/** A key of a Map. */
export function keyStep(index: number): Step {
  return (parent) => `[...${parent}.keys()][${index}]`;
}

/** A value of a Map, by its key where that can be written. */
export function entryStep(key: unknown, index: number): Step {
  return (parent) =>
    typeof key === 'string' || Number.isSafeInteger(key)
      ? `${parent}.get(${JSON.stringify(key)})`
      : `[...${parent}.values()][${index}]`;
}

/** A member of a Set. */
export function memberStep(index: number): Step {
  return (parent) => `[...${parent}][${index}]`;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const INDEX = /^(?:0|[1-9]\d*)$/;

/** `.name`, `[3]` or `["any text"]`. */
export function propertyStep(key: string): Step {
  if (IDENTIFIER.test(key)) {
    return (parent) => `${parent}.${key}`;
  }
  const index = INDEX.test(key) ? key : JSON.stringify(key);
  return (parent) => `${parent}[${index}]`;
}

/** How the culprit is reached from what is written as `root`. */
export function pathOf({ steps, tooDeep: deep }: Finding, root: string): string {
  // A path of a thousand steps helps nobody: which argument it is does.
  const told = deep ? steps.slice(-1) : steps;
  return told.reduceRight((parent, step) => step(parent), root);
}
