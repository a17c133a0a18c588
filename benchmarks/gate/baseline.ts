import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The ratio to piscina, by the name of the check. Above 1, this library is faster. */
export type Ratios = Readonly<Record<string, number>>;

/** The ratios of one major version of Node, and where they were recorded. */
interface Entry {
  readonly node: string;
  readonly cpu: string;
  readonly date: string;
  readonly ratios: Ratios;
}

/** By the major version of Node, since their ratios differ. */
type Baseline = Readonly<Record<string, Entry>>;

const file = new URL('../../baseline.json', import.meta.url);

/** The ratios recorded for this major version of Node, if there are any. */
export function recordedRatios(): Ratios | undefined {
  return read()[major()]?.ratios;
}

/** Records ratios for this major version of Node, and keeps those of others. */
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
