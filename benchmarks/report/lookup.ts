import type { CaseResult } from '../harness/case.js';
import type { Spread } from '../harness/summary.js';

/** Finds figures by the names of case, contestant and metric. Undefined if they were not measured. */
export class Lookup {
  readonly #cases: readonly CaseResult[];

  constructor(cases: readonly CaseResult[]) {
    this.#cases = cases;
  }

  figure(name: string, contestant: string, metric: string): Spread | undefined {
    return this.#row(name, contestant)?.figures[metric];
  }

  ratio(name: string, contestant: string, against: string): Spread | undefined {
    return this.#row(name, contestant)?.ratios[against];
  }

  /** The contestant with the highest median. */
  best(
    name: string,
    metric: string,
    among: readonly string[],
  ): { readonly contestant: string; readonly figure: Spread } | undefined {
    const rows = among.flatMap((contestant) => {
      const figure = this.figure(name, contestant, metric);
      return figure ? [{ contestant, figure }] : [];
    });
    return rows.toSorted((a, b) => b.figure.median - a.figure.median)[0];
  }

  #row(name: string, contestant: string) {
    return this.#cases
      .find((one) => one.name === name)
      ?.rows.find((row) => row.contestant === contestant);
  }
}
