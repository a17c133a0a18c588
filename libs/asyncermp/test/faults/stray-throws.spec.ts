import { WorkerCrashedError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { StrayService, awkwardKinds, type AwkwardKind } from '../.fixtures/stray.service.js';
import { shareApplication } from '../support/application.js';
import { rejectionOf } from '../support/outcomes.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { collectUnhandled } from '../support/unhandled.js';

const logger = new RecordingLogger();
/** What Node itself cannot report of a thread. */
const HARDEST: AwkwardKind[] = ['a deep object', 'an error that is its own cause'];
const shared = shareApplication({
  options: { maxProcesses: 1, logger },
  providers: [StrayService],
});

describe('an uncaught error that is hard to send ends its worker only, and never the application', () => {
  for (const [method, what, kinds] of [
    ['throwLater', 'thrown by a timer', awkwardKinds],
    ['rejectUnhandled', 'as the reason of an unhandled rejection', HARDEST],
    ['throwFromListener', 'thrown by a listener of uncaughtException', HARDEST],
    ['throwFromExit', 'thrown by a listener of exit', HARDEST],
  ] as const) {
    it(what, async () => {
      const { mp } = shared();
      const uncaught = await collectUnhandled(async () => {
        for (const kind of kinds) {
          const error = await rejectionOf(mp.run(StrayService, method, [kind]));
          expect(error, kind).toBeInstanceOf(WorkerCrashedError);
          expect(error, kind).toMatchObject({ reason: 'error', exitCode: 1 });
          await expect(mp.run(StrayService, 'echo', [1])).resolves.toBe(1);
        }
      });
      expect(uncaught).toEqual([]);
    });
  }

  it('keeps class, message and causes as the cause of the crash', async () => {
    const { mp } = shared();
    const crash = await rejectionOf(
      mp.run(StrayService, 'throwLater', ['an error that is its own cause']),
    );
    const { cause } = crash as Error;
    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({ message: 'its own cause' });
    expect((cause as Error).cause).toBe(cause);
  });

  it("is left to the handler's own listener, if that takes it", async () => {
    const { mp } = shared();
    for (const kind of awkwardKinds) {
      await expect(mp.run(StrayService, 'throwTaken', [kind])).resolves.toBe('taken');
    }
  });
});

it('a log line that is hard to send is written as text, and costs neither task nor worker', async () => {
  const { mp } = shared();
  for (const kind of awkwardKinds) {
    const uid = `logs ${kind}`;
    await expect(mp.run(StrayService, 'log', [kind], { uid })).resolves.toBe('logged');
    expect(logger.with(uid), kind).toHaveLength(2);
  }
});
