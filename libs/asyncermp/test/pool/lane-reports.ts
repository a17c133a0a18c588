import type { TaskSerializationError } from '../../src/contract/errors.js';
import {
  ANSWERED_AT_ONCE,
  type Attempt,
  type WaitForApplication,
} from '../../src/pool/channels/channel.js';
import type { Lane, LaneEnd, LaneListener } from '../../src/pool/lane.js';
import { decodeError, type EncodedError } from '../../src/protocol/error-codec.js';

/** What a report of each name carries. */
interface ReportValues {
  ready: undefined;
  started: Attempt;
  progress: unknown;
  completed: { attempt: Attempt; result: unknown; startedAt: number; runMs: number };
  failed: { attempt: Attempt; error: unknown; startedAt: number; runMs: number };
  unsendable: { attempt: Attempt; error: TaskSerializationError };
  skipped: undefined;
  ending: undefined;
  ended: LaneEnd;
}

type ReportName = keyof ReportValues;

/** All that one lane reports, in order. */
export class LaneReports implements LaneListener {
  #reports: { readonly name: ReportName; readonly value: unknown }[] = [];
  readonly #waiting: (() => void)[] = [];

  /** The names of what was reported until now. */
  get names(): ReportName[] {
    return this.#reports.map(({ name }) => name);
  }

  /** What was reported until now under that name. */
  seen<N extends ReportName>(name: N): ReportValues[N][] {
    return this.#reports
      .filter((report) => report.name === name)
      .map(({ value }) => value as ReportValues[N]);
  }

  /** What was reported under that name, as soon as it is as many as that. */
  async until<N extends ReportName>(name: N, count: number): Promise<ReportValues[N][]> {
    while (this.seen(name).length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.seen(name);
  }

  /** What was reported until now no longer counts. */
  forget(): void {
    this.#reports = [];
  }

  onReady(): void {
    this.#note('ready', undefined);
  }

  onStarted(_lane: Lane, attempt: Attempt): void {
    this.#note('started', attempt);
  }

  onAwaiting(): WaitForApplication {
    return ANSWERED_AT_ONCE;
  }

  onProgress(_lane: Lane, _attempt: Attempt, value: unknown): void {
    this.#note('progress', value);
  }

  onCompleted(
    _lane: Lane,
    attempt: Attempt,
    result: unknown,
    startedAt: number,
    runMs: number,
  ): void {
    this.#note('completed', { attempt, result, startedAt, runMs });
  }

  onFailed(
    _lane: Lane,
    attempt: Attempt,
    error: EncodedError,
    startedAt: number,
    runMs: number,
  ): void {
    this.#note('failed', { attempt, error: decodeError(error), startedAt, runMs });
  }

  onUnsendable(_lane: Lane, attempt: Attempt, error: TaskSerializationError): void {
    this.#note('unsendable', { attempt, error });
  }

  onSkipped(): void {
    this.#note('skipped', undefined);
  }

  onHeapLimit(): void {
    throw new Error('This lane has no limit');
  }

  onLostClass(_lane: Lane, _attempt: Attempt, lost: unknown): void {
    throw new Error(`A class was lost: ${JSON.stringify(lost)}`);
  }

  onLog(_lane: Lane, level: string, line: unknown): void {
    throw new Error(`The worker wrote a line of level ${level}: ${JSON.stringify(line)}`);
  }

  onEnding(): void {
    this.#note('ending', undefined);
  }

  onEnded(_lane: Lane, end: LaneEnd): void {
    this.#note('ended', end);
  }

  #note<N extends ReportName>(name: N, value: ReportValues[N]): void {
    this.#reports.push({ name, value });
    for (const wake of this.#waiting.splice(0)) {
      wake();
    }
  }
}
