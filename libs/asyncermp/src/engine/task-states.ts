import type { SettledState } from '../contract/task-handle.js';

/*
 * The life of a task: its states, the transitions between them, and who causes each.
 *
 *   admitting --accept--> queued --send--> sent --complete--> completed
 *                           ^  ^            |  |
 *                           |  +---revoke---+  +--overrun--> stopping
 *                           |                  |                |
 *                        requeue               +-----retry------+
 *                           |                         |
 *                           +------- retrying <-------+
 *
 *   fail and cancel lead from every state that is not final to `failed` and `cancelled`.
 *
 * | state       | the task ...                                                   | held by             |
 * | ----------- | -------------------------------------------------------------- | ------------------- |
 * | `admitting` | waits for room in the queue; it is not accepted yet            | `Admission`         |
 * | `queued`    | waits for a worker                                             | `ReadyQueue`        |
 * | `sent`      | is with a worker; its slot says whether the attempt has begun  | a lane              |
 * | `stopping`  | ran into its timeout and will be tried again; the worker has   | a lane              |
 * |             | not let go of the attempt yet                                  |                     |
 * | `retrying`  | waits for the end of its backoff                               | a timer             |
 * | the others  | is settled, exactly once                                       | `TaskRegistry`, for |
 * |             |                                                                | as long as retained |
 *
 * | transition | caused by                                                                             |
 * | ---------- | ------------------------------------------------------------------------------------- |
 * | `accept`   | a submission that finds room, at once or when a task ahead of it has left the queue    |
 * | `send`     | the dispatcher has a place for it on a worker                                          |
 * | `revoke`   | the attempt must not begin now (cancel, pause, a more urgent task, a worker held up),  |
 * |            | or its worker died first. The attempt is not counted                                   |
 * | `overrun`  | its run timeout passed, and it has attempts left                                       |
 * | `retry`    | the attempt failed or its worker died, and it has attempts left. From `queued`: it    |
 * |            | was revoked as its worker died, and is suspected to be the cause                       |
 * | `requeue`  | its backoff is over                                                                    |
 * | `complete` | the handler returned                                                                   |
 * | `fail`     | no attempt is left, a time limit passed, it cannot be sent, no worker starts, shutdown |
 * | `cancel`   | its handle, its uid or an `AbortSignal`                                                |
 *
 * Only `TaskLifecycle` causes transitions. User code that runs inside of one (`retryOn`, listeners) may
 * cause others, so the lifecycle asks for the state again after each such call.
 */

/** Where a task stands inside the engine. A handle shows `admitting` as queued, `sent` as queued or running. */
export type TaskPhase = 'admitting' | 'queued' | 'sent' | 'stopping' | 'retrying' | SettledState;

/** What can happen to a task. */
export type TaskTransition =
  'accept' | 'send' | 'revoke' | 'overrun' | 'retry' | 'requeue' | 'complete' | 'fail' | 'cancel';

/** For each transition the states that it leads from, and to which. What is missing cannot happen. */
export const TRANSITIONS: Readonly<
  Record<TaskTransition, Readonly<Partial<Record<TaskPhase, TaskPhase>>>>
> = {
  accept: { admitting: 'queued' },
  send: { queued: 'sent' },
  revoke: { sent: 'queued' },
  overrun: { sent: 'stopping' },
  retry: { sent: 'retrying', stopping: 'retrying', queued: 'retrying' },
  requeue: { retrying: 'queued' },
  complete: { sent: 'completed' },
  fail: fromAllInFlight('failed'),
  cancel: fromAllInFlight('cancelled'),
};

function fromAllInFlight(to: SettledState): Partial<Record<TaskPhase, TaskPhase>> {
  return { admitting: to, queued: to, sent: to, stopping: to, retrying: to };
}
