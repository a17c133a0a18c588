import type { Case } from '../harness/case.js';
import type { Processes } from '../harness/processes.js';

/** What a scenario is built for. */
export interface ScenarioContext {
  readonly quick: boolean;
  readonly pinned: boolean;
  readonly processes: Processes;
  /** So many steps of `spin()` take so many microseconds on this machine. */
  readonly steps: (microseconds: number) => number;
}

/** A theme, with all of its cases. */
export interface Scenario {
  /** As `--only` has it. */
  readonly name: string;
  readonly title: string;
  /** What is done, and what is to be kept in mind about it. */
  readonly about: string;
  /** False where there is nothing to see on one core. */
  readonly whenPinned: boolean;
  readonly cases: (context: ScenarioContext) => readonly Case[];
}
