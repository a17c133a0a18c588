import type { SuiteResult } from '../harness/suite.js';
import { formatNumber } from './format.js';
import { Lookup } from './lookup.js';
import { targets, type Target } from './targets.js';

/** A target, and whether it is met. */
export interface Verdict {
  readonly title: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The verdicts on all targets that apply in this condition and were measured. */
export function verdictsOf({ cases, condition }: SuiteResult): readonly Verdict[] {
  const results = new Lookup(cases);
  return targets.flatMap((target) => {
    const measured = target.measured(results);
    return measured === undefined ? [] : judge(target, measured, condition);
  });
}

function judge(
  { title, least, most, unit }: Target,
  measured: number,
  condition: SuiteResult['condition'],
): Verdict[] {
  const floor = least?.[condition];
  const ceiling = most?.[condition];
  const limit = floor ?? ceiling;
  if (limit === undefined) {
    return [];
  }
  const met = (floor === undefined || measured >= floor) && measured <= (ceiling ?? Infinity);
  const word = floor === undefined ? 'at most' : 'at least';
  const text = (value: number): string =>
    unit === '×' ? `${formatNumber(value)}×` : `${formatNumber(value)} ${unit}`;
  return [{ title, target: `${word} ${text(limit)}`, measured: text(measured), met }];
}
