import type { Case } from '../harness/case.js';
import type { Processes } from '../harness/processes.js';

/** The conditions that a scenario is created for. */
export interface ScenarioContext {
  readonly quick: boolean;
  readonly pinned: boolean;
  readonly processes: Processes;
  /** The number of steps of `spin()` that take this time on this machine. */
  readonly steps: (microseconds: number) => number;
}

/** A subject with all its cases. */
export interface Scenario {
  /** The name for `--only`. */
  readonly name: string;
  readonly title: string;
  /** An explanation for readers of the report. */
  readonly about: string;
  /** False if the scenario shows nothing on one core. */
  readonly whenPinned: boolean;
  readonly cases: (context: ScenarioContext) => readonly Case[];
}
