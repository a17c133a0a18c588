import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A check: how many times piscina this library was when it was recorded, by name. */
export type Ratios = Readonly<Record<string, number>>;

/** What was recorded on one line of Node. */
interface Entry {
  readonly node: string;
  readonly cpu: string;
  readonly date: string;
  readonly ratios: Ratios;
}

/** By the major version of Node, since their ratios differ. */
type Baseline = Readonly<Record<string, Entry>>;

const file = new URL('../../baseline.json', import.meta.url);

/** What was recorded for this Node; undefined if nothing was. */
export function recordedRatios(): Ratios | undefined {
  return read()[major()]?.ratios;
}

/** Records ratios for this Node, and leaves those of others. */
export function writeRatios(ratios: Ratios, machine: Omit<Entry, 'ratios'>): void {
  const baseline = { ...read(), [major()]: { ...machine, ratios } };
  writeFileSync(file, `${JSON.stringify(baseline, undefined, 2)}\n`);
}

function read(): Baseline {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : {};
}

function major(): string {
  return process.versions.node.split('.')[0] ?? '';
}
