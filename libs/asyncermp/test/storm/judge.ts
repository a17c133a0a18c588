import { getEventListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { PoolStats } from 'nestjs-asyncermp';
import type { StormCells } from '../.fixtures/storm.cells.js';
import type { EventLog } from './event-log.js';

/** What was counted during a storm, each in its own way. */
export interface Evidence {
  readonly before: PoolStats;
  readonly after: PoolStats;
  /** Submissions that were not refused. */
  readonly accepted: number;
  /** The number of events from `completed$`. */
  readonly settledOnce: number;
  readonly log: EventLog;
  readonly cells: StormCells;
  readonly signals: readonly AbortSignal[];
  readonly maxProcesses: number;
}

/** The broken promises, if any, at the end of a storm. */
export function judge(evidence: Evidence): string[] {
  const { before, after, accepted, settledOnce, log, cells, signals, maxProcesses } = evidence;
  const { waiting, running, retrying, admitting, workers } = after;
  const settled = ({ completed, failed, cancelled }: PoolStats): number =>
    completed + failed + cancelled;
  const listening = signals.filter((signal) => getEventListeners(signal, 'abort').length > 0);
  const findings: [what: string, is: unknown, mustBe: unknown][] = [
    ['in flight', [waiting, running, retrying, admitting], [0, 0, 0, 0]],
    ['accepted, as the pool counts', after.accepted - before.accepted, accepted],
    ['settled, as the pool counts', settled(after) - settled(before), accepted],
    ['settled, as the events say', log.settled, accepted],
    ['settled, as completed$ says', settledOnce, accepted],
    ['without a settling event', log.unsettled, []],
    ['events in a wrong order', log.wrong.slice(0, 20), []],
    [
      'counted by the handlers',
      cells.report,
      { running: 0, tooMany: 0, tooManyBounded: 0, twoAttemptsAtATime: 0 },
    ],
    ['signals with a listener', listening.length, 0],
    ['surplus workers', Math.max(0, workers.idle - maxProcesses), 0],
  ];
  return findings
    .filter(([, is, mustBe]) => !isDeepStrictEqual(is, mustBe))
    .map(([what, is, mustBe]) => `${what}: ${JSON.stringify(is)}, not ${JSON.stringify(mustBe)}`);
}
