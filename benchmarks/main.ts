import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runElsewhere } from './command/elsewhere.js';
import { HELP, parseOptions, UsageError, type BenchOptions } from './command/options.js';
import { runGate } from './gate/gate.js';
import { recordBaseline } from './gate/record.js';
import { runSuite } from './harness/suite.js';
import { saveResult, writeReport } from './report/saved.js';
import { TerminalReport, verdictText } from './report/terminal.js';
import { verdictsOf } from './report/verdicts.js';

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(HELP);
    return 0;
  }
  if (options.report) {
    await writeReport();
    return 0;
  }
  const elsewhere = runElsewhere(options);
  if (elsewhere !== undefined) {
    return elsewhere;
  }
  if (options.record) {
    return recordBaseline();
  }
  return options.gate ? runGate() : measure(options);
}

async function measure({ quick, pinned, scenarios, json, save }: BenchOptions): Promise<number> {
  const result = await runSuite(scenarios, { quick, pinned }, new TerminalReport());
  const { machine } = result;
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${result.condition}`,
  );
  console.log(`load before: ${machine.load}; commit ${machine.commit}\n`);
  console.log(verdictText(verdictsOf(result)));
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  if (save) {
    saveResult(result);
    await writeReport();
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 2;
}
