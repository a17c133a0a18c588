import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/pool/lane.js';
import { HandlerRecord } from '../../src/engine/handler-record.js';
import { TRANSITIONS, type TaskPhase, type TaskTransition } from '../../src/engine/task-states.js';
import { Task } from '../../src/engine/task.js';
import { RunMode } from '../../src/protocol/envelope.js';

const handler = new HandlerRecord(
  { name: 'Images.blur', index: 0, options: {} },
  {},
  false,
  () => {},
);
const lane = { isStarted: () => true, startedAt: () => 1 } as unknown as Lane<Task>;

function newTask(): Task {
  return new Task({
    handler,
    policy: handler.policy,
    args: [],
    mode: RunMode.Single,
    items: 1,
    priority: 0,
    fairnessKey: undefined,
    extras: undefined,
  });
}

const CAUSE: Record<TaskTransition, (task: Task) => void> = {
  accept: (task) => task.accept(0),
  send: (task) => task.send(lane),
  revoke: (task) => task.revoke(),
  overrun: (task) => task.overrun(new Error('too long')),
  retry: (task) => task.retry(),
  requeue: (task) => task.requeue(),
  complete: (task) => task.settle('completed', 1, 0),
  fail: (task) => task.settle('failed', new Error('no'), 0),
  cancel: (task) => task.settle('cancelled', new Error('no'), 0),
};

/** The shortest way to each state. */
const WAY: Record<TaskPhase, readonly TaskTransition[]> = {
  admitting: [],
  queued: ['accept'],
  sent: ['accept', 'send'],
  stopping: ['accept', 'send', 'overrun'],
  retrying: ['accept', 'send', 'retry'],
  completed: ['accept', 'send', 'complete'],
  failed: ['fail'],
  cancelled: ['cancel'],
};

function taskIn(phase: TaskPhase): Task {
  const task = newTask();
  for (const transition of WAY[phase]) {
    CAUSE[transition](task);
  }
  return task;
}

const phases = Object.keys(WAY) as TaskPhase[];
const transitions = Object.keys(TRANSITIONS) as TaskTransition[];

describe('the states of a task', () => {
  it.each(phases)('include %s, which can be reached', (phase) => {
    expect(taskIn(phase).phase).toBe(phase);
  });

  it.each(transitions)('change by %s only as the table allows', (name) => {
    for (const from of phases) {
      const task = taskIn(from);
      const to = TRANSITIONS[name][from];
      if (to === undefined) {
        expect(() => CAUSE[name](task)).toThrow(`is ${from}, and cannot ${name}`);
        expect(task.phase).toBe(from);
      } else {
        CAUSE[name](task);
        expect(task.phase).toBe(to);
      }
    }
  });

  it.each(['completed', 'failed', 'cancelled'] as const)(
    'never change once a task is %s',
    (phase) => {
      for (const name of transitions) {
        const task = taskIn(phase);
        expect(() => CAUSE[name](task)).toThrow(phase);
        expect(task.isSettled).toBe(true);
      }
    },
  );

  it('do not count an attempt that is revoked', () => {
    const task = taskIn('sent');
    expect(task.attempt).toBe(1);
    task.revoke();
    expect(task.attempt).toBe(0);
  });

  it('are shown to users as queued, running, retrying or settled', () => {
    const shown = phases.map((phase) => [phase, taskIn(phase).state]);
    expect(Object.fromEntries(shown)).toEqual({
      admitting: 'queued',
      queued: 'queued',
      sent: 'running',
      stopping: 'running',
      retrying: 'retrying',
      completed: 'completed',
      failed: 'failed',
      cancelled: 'cancelled',
    });
  });
});
