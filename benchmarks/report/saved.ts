import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { SuiteResult } from '../harness/suite.js';
import { chartsOf } from './charts.js';
import { resultsDocument } from './results-document.js';
import { parseRunFile, runFileText, runName } from './run-file.js';

/** Relative to `benchmarks/dist/report`, where this file runs. */
const home = new URL('../../', import.meta.url);
const folder = new URL('results/', home);

/** Keeps the figures of a run, and overwrites those of the previous run with this name. */
export function saveResult(result: SuiteResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${runName(result)}.json`, folder), runFileText(result));
}

/** Writes RESULTS.md and the charts from the kept figures. */
export async function writeReport(): Promise<void> {
  const results = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => parseRunFile(readFileSync(new URL(file, folder), 'utf8')));
  for (const result of results) {
    for (const { file, svg } of chartsOf(result, runName(result))) {
      writeFileSync(new URL(file, folder), svg);
    }
  }
  const losses = readFileSync(new URL('where-it-loses.md', home), 'utf8');
  await write(new URL('RESULTS.md', home), resultsDocument(results, losses));
}

/** Writes the file as `npm run format` would. */
async function write(file: URL, text: string): Promise<void> {
  const filepath = fileURLToPath(file);
  const style = await resolveConfig(filepath);
  writeFileSync(file, await format(text, { ...style, filepath }));
}
