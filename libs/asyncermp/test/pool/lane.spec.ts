import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { TaskSerializationError } from '../../src/contract/errors.js';
import { handlersOf } from '../../src/injection/handler-registry.js';
import type { Attempt, OpenChannel } from '../../src/pool/channels/channel.js';
import { InlineChannel, type InlineGate } from '../../src/pool/channels/inline.channel.js';
import { ThreadChannel } from '../../src/pool/channels/thread.channel.js';
import { WorkerLane } from '../../src/pool/worker-lane.js';
import { RunMode } from '../../src/protocol/envelope.js';
import { monotonicMs } from '../../src/protocol/monotonic-clock.js';
import { LaneService } from '../.fixtures/lane.service.js';
import { makeGate } from '../support/application.js';
import { turns } from '../support/outcomes.js';
import { threadOptions } from '../support/thread-options.js';
import { LaneReports } from './lane-reports.js';

const pathOf = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const handlers = handlersOf(LaneService);

/** Where a thread dies of `process.exit()`, the gate has the inline worker die. */
const gate: InlineGate<Attempt> = {
  pass: async ({ attempt, args: [exitCode] }) =>
    attempt.handlerName === 'LaneService.exit'
      ? { kind: 'crash', crash: { reason: 'exit', exitCode: exitCode as number } }
      : undefined,
};

const channels: [worker: string, open: OpenChannel<Attempt>][] = [
  [
    'a thread',
    (listener) =>
      new ThreadChannel(
        1,
        {
          ...threadOptions,
          manifest: {
            files: [pathOf('test/.fixtures/lane.service.js')],
            handlers: handlers.map(({ name }) => name),
          },
          entryFile: pathOf('dist/worker/entry.js'),
        },
        listener,
      ),
  ],
  [
    'the thread of the application',
    (listener) => {
      const instance = new LaneService();
      const runnable = handlers.map((definition) => ({ definition, instance }));
      return new InlineChannel(runnable, [], false, gate, listener);
    },
  ],
];

describe.each(channels)('a lane whose worker is in %s', (_worker, open) => {
  const started: LaneUnderTest[] = [];

  afterAll(async () => {
    for (const { lane, reports } of started) {
      lane.kill();
      const [end] = await reports.until('ended', 1);
      await end?.gone;
    }
  });

  function start(): LaneUnderTest {
    const underTest = new LaneUnderTest(open);
    started.push(underTest);
    return underTest;
  }

  /** A lane that is ready and holds nothing: the one of the test before, if that left it so. */
  async function startReady(): Promise<LaneUnderTest> {
    const last = started.at(-1);
    if (last?.isIdle) {
      last.forget();
      return last;
    }
    const underTest = start();
    await underTest.reports.until('ready', 1);
    underTest.forget();
    return underTest;
  }

  it('reports what a handler returns, when it began and how long it ran', async () => {
    const { lane, reports, send } = await startReady();
    const before = monotonicMs();
    const attempt = send('double', [21]);
    lane.flush();
    const [completed] = await reports.until('completed', 1);
    expect(completed).toMatchObject({ attempt, result: 42 });
    expect(completed?.startedAt).toBeGreaterThanOrEqual(before);
    expect(completed?.startedAt).toBeLessThanOrEqual(monotonicMs());
    expect(completed?.runMs).toBeGreaterThanOrEqual(0);
    expect(lane.load).toBe(0);
    expect(lane.held()).toEqual([]);
  });

  it('reports what a handler throws, with class and code', async () => {
    const { lane, reports, send } = await startReady();
    const attempt = send('fail', []);
    lane.flush();
    const [failed] = await reports.until('failed', 1);
    expect(failed).toMatchObject({ attempt, error: { code: 'E_HANDLER' } });
    expect(failed?.error).toBeInstanceOf(RangeError);
    expect(lane.load).toBe(0);
  });

  it('fails an attempt whose result cannot be cloned, by its path, and goes on', async () => {
    const { lane, reports, send } = await startReady();
    send('uncloneable', []);
    send('double', [4]);
    lane.flush();
    const [failed] = await reports.until('failed', 1);
    expect(failed?.error).toMatchObject({ path: 'result.rows[1].save', uid: 'auto-1' });
    await expect(reports.until('completed', 1)).resolves.toMatchObject([{ result: 8 }]);
  });

  it('runs attempts in the order in which they were sent', async () => {
    const { lane, reports, send } = await startReady();
    for (let value = 0; value < 10; value++) {
      send('double', [value]);
      if (value % 4 === 0) {
        lane.flush();
      }
    }
    expect(lane.load).toBe(10);
    lane.flush();
    const results = (await reports.until('completed', 10)).map(({ result }) => result);
    expect(results).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it('reports the start of an attempt where that is asked for, before its outcome', async () => {
    const { lane, reports, send } = await startReady();
    send('double', [1], { reportStart: false });
    const reported = send('double', [2], { reportStart: true });
    lane.flush();
    await reports.until('completed', 2);
    await expect(reports.until('started', 1)).resolves.toEqual([reported]);
    expect(reports.names).toEqual(['completed', 'started', 'completed']);
  });

  it('gives a handler its uid, its name and the number of its attempt', async () => {
    const { lane, reports, send } = await startReady();
    send('about', [], { givenUid: 'mine', attempt: 3 });
    send('about', []);
    lane.flush();
    await expect(reports.until('completed', 2)).resolves.toMatchObject([
      { result: ['mine', 'LaneService.about', 3] },
      { result: ['auto-2', 'LaneService.about', 1] },
    ]);
  });

  it('reports copies of progress, in order, before the outcome', async () => {
    const { lane, reports, send } = await startReady();
    send('report', []);
    lane.flush();
    await reports.until('completed', 1);
    await expect(reports.until('progress', 2)).resolves.toEqual([{ done: 1 }, { done: 2 }]);
    expect(reports.names).toEqual(['progress', 'progress', 'completed']);
  });

  it('copies arguments, and hands over what is in the transfer list', async () => {
    const { lane, reports, send } = await startReady();
    const copied = new Uint8Array([1, 2]);
    const handedOver = new Uint8Array([3, 4]);
    send('addOne', [copied]);
    send('addOne', [handedOver], { transferList: [handedOver.buffer] });
    send('addOne', [copied]);
    lane.flush();
    expect(handedOver).toHaveLength(0);
    const results = (await reports.until('completed', 3)).map(({ result }) => [
      ...(result as Uint8Array),
    ]);
    expect(results).toEqual([
      [2, 3],
      [4, 5],
      [2, 3],
    ]);
    expect([...copied]).toEqual([1, 2]);
  });

  it('sends no attempt that is revoked by a getter of an argument, and goes on', async () => {
    const { lane, reports, send } = await startReady();
    send('double', [1]);
    const revoking = {
      get value(): number {
        // Itself, and one that is sent after it.
        lane.revoke(own);
        lane.revoke(later);
        throw new Error('of the getter');
      },
    };
    const own = send('double', [revoking]);
    const later = send('double', [3]);
    send('double', [4]);
    lane.flush();
    await expect(reports.until('completed', 2)).resolves.toMatchObject([
      { result: 2 },
      { result: 8 },
    ]);
    await reports.until('skipped', 2);
    expect(reports.seen('unsendable')).toEqual([]);
    expect(lane.load).toBe(0);
    send('double', [5]);
    lane.flush();
    await expect(reports.until('completed', 3)).resolves.toMatchObject([{}, {}, { result: 10 }]);
  });

  it('refuses an attempt that cannot be cloned while it is flushed, and sends its neighbours', async () => {
    const { lane, reports, send } = await startReady();
    send('double', [1]);
    const arguing = send('double', [{ save: () => {} }]);
    send('double', [2]);
    const heading = send('double', [3], { headers: { trace: Symbol('trace') } });
    lane.flush();
    const unsendable = reports.seen('unsendable');
    expect(unsendable).toMatchObject([
      { attempt: arguing, error: { path: 'args[0].save', uid: 'auto-2' } },
      { attempt: heading, error: { path: 'headers.trace', uid: 'auto-4' } },
    ]);
    for (const { error } of unsendable) {
      expect(error).toBeInstanceOf(TaskSerializationError);
    }
    const results = (await reports.until('completed', 2)).map(({ result }) => result);
    expect(results).toEqual([2, 4]);
    expect(lane.load).toBe(0);
    expect(reports.seen('unsendable')).toHaveLength(2);
  });

  it('revokes an attempt that has not begun, which then never runs, and no other', async () => {
    const { lane, reports, send } = await startReady();
    const door = makeGate();
    const first = send('linger', [door.shared, 1]);
    const second = send('linger', [door.shared, 2]);
    send('linger', [door.shared, 3]);
    lane.flush();
    await door.waitFor(1);
    expect(lane.isStarted(first)).toBe(true);
    expect(lane.startedAt(first)).toBeLessThanOrEqual(monotonicMs());
    expect(lane.isStarted(second)).toBe(false);
    expect(lane.startedAt(second)).toBeUndefined();
    expect(lane.revoke(first)).toBe(false);
    expect(lane.revoke(second)).toBe(true);
    expect(lane.revoke(second)).toBe(false);
    expect(sequence(lane.held())).toEqual([1, 3]);
    // Its room is free when the worker has passed over it.
    expect(lane.load).toBe(3);
    door.open();
    const completed = await reports.until('completed', 2);
    expect(completed.map(({ result }) => result)).toEqual([1, 3]);
    expect(reports.names).toEqual(['completed', 'skipped', 'completed']);
    expect(lane.load).toBe(0);
    expect(door.record).toEqual([1, 3]);
  });

  it('revokes an attempt that is not even sent', async () => {
    const { lane, reports, send } = await startReady();
    const door = makeGate();
    door.open();
    const revoked = send('linger', [door.shared, 1]);
    send('linger', [door.shared, 2]);
    expect(lane.revoke(revoked)).toBe(true);
    lane.flush();
    await reports.until('completed', 1);
    await reports.until('skipped', 1);
    expect(lane.load).toBe(0);
    expect(door.record).toEqual([2]);
  });

  it('has a running handler see that it is cancelled, and reports nothing meanwhile', async () => {
    const { lane, reports, send } = await startReady();
    const door = makeGate();
    const attempt = send('untilCancelled', [door.shared]);
    lane.flush();
    await door.waitFor(1);
    lane.cancel(attempt, new Error('enough'));
    expect(reports.names).toEqual([]);
    const [completed] = await reports.until('completed', 1);
    expect(completed?.result).toEqual([true, 'enough']);
    expect(reports.names).toEqual(['progress', 'completed']);
  });

  it('reports once that it was killed, with what ran and what waited, and nothing after that', async () => {
    const { lane, reports, send } = await startReady();
    const door = makeGate();
    const running = send('linger', [door.shared, 1]);
    send('linger', [door.shared, 2]);
    send('linger', [door.shared, 3]);
    lane.flush();
    await door.waitFor(1);
    const since = lane.startedAt(running);
    lane.kill();
    lane.kill();
    expect(reports.names).toEqual([]);
    const [end] = await reports.until('ended', 1);
    expect(end).toMatchObject({ running, runningSince: since, crash: undefined });
    expect(sequence(end?.waiting ?? [])).toEqual([2, 3]);
    expect(lane.load).toBe(0);
    // A handler that cannot be ended goes on, and what comes of it is dropped.
    door.open();
    await end?.gone;
    await turns(3);
    expect(reports.names).toEqual(['ending', 'ended']);
    expect(door.record).toEqual([1]);
  });

  it('begins no further item of a chunk that was cancelled and killed', async () => {
    const { lane, reports, send } = await startReady();
    const door = makeGate();
    const items = [1, 2].map((id) => [door.shared, id]);
    const chunk = send('linger', items, { mode: RunMode.Chunk });
    lane.flush();
    await door.waitFor(1);
    lane.cancel(chunk, new Error('enough'));
    lane.kill();
    const [end] = await reports.until('ended', 1);
    door.open();
    await end?.gone;
    await turns(3);
    expect(door.record).toEqual([1]);
  });

  it('reports once that its worker died, with what ran and what waited', async () => {
    const { lane, reports, send } = await startReady();
    send('double', [1]);
    const running = send('exit', [7]);
    const waiting = send('double', [2]);
    lane.flush();
    const [end] = await reports.until('ended', 1);
    expect(end).toMatchObject({
      running,
      waiting: [waiting],
      crash: { reason: 'exit', exitCode: 7 },
      startError: undefined,
    });
    expect(end?.runningSince).toBeLessThanOrEqual(monotonicMs());
    await end?.gone;
    await turns(3);
    expect(reports.names).toEqual(['completed', 'ending', 'ended']);
  });

  it('ends by itself when it is released, which is no crash', async () => {
    const { lane, reports } = await startReady();
    lane.release();
    const [end] = await reports.until('ended', 1);
    expect(end).toMatchObject({ running: undefined, waiting: [] });
    expect(end).toMatchObject({ crash: undefined, startError: undefined });
    expect(reports.names).toEqual(['ending', 'ended']);
  });

  it('has failed to start when it is given up, with the reason', async () => {
    const { lane, reports } = start();
    const late = new Error('not ready in time');
    lane.giveUp(late);
    const [end] = await reports.until('ended', 1);
    expect(end).toMatchObject({ crash: undefined, startError: late, running: undefined });
  });
});

/** What lanes give in no order. */
function sequence(attempts: readonly Attempt[]): number[] {
  return attempts.map(({ seq }) => seq).sort((a, b) => a - b);
}

/** Where an attempt differs from the first try of a task without a uid of its own. */
interface AttemptParts extends Partial<
  Pick<Attempt, 'givenUid' | 'transferList' | 'attempt' | 'mode' | 'headers'>
> {
  readonly reportStart?: boolean;
}

class LaneUnderTest {
  readonly reports = new LaneReports();
  readonly lane: WorkerLane<Attempt>;
  #lastSeq = 0;

  constructor(open: OpenChannel<Attempt>) {
    this.lane = new WorkerLane(1, this.reports, open);
  }

  /** Whether it is ready and holds nothing. */
  get isIdle(): boolean {
    return this.lane.load === 0 && this.reports.seen('ended').length === 0;
  }

  /** What was sent and reported until now no longer counts. */
  forget(): void {
    this.#lastSeq = 0;
    this.reports.forget();
  }

  /** Has the lane take an attempt, which is on its way after `flush()`. Their `seq` counts from 1. */
  readonly send = (
    method: keyof LaneService,
    args: readonly unknown[],
    { reportStart = false, ...parts }: AttemptParts = {},
  ): Attempt => {
    const seq = ++this.#lastSeq;
    const handlerName = `LaneService.${method}`;
    const sent: Attempt = {
      uid: parts.givenUid ?? `auto-${seq.toString(36)}`,
      givenUid: undefined,
      seq,
      handlerName,
      handlerIndex: handlers.findIndex(({ name }) => name === handlerName),
      args,
      transferList: undefined,
      attempt: 1,
      mode: RunMode.Single,
      headers: undefined,
      slot: -1,
      ...parts,
    };
    this.lane.send(sent, reportStart);
    return sent;
  };
}
