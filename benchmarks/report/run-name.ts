import type { SuiteResult } from '../harness/suite.js';

/** What a run is called among the results: one for each condition and each line of Node. */
export function runName({ condition, machine }: SuiteResult): string {
  return `node${machine.node.slice(1).split('.')[0]}-${condition}`;
}
