import { AsyncerMpError, type TaskHandle, type TaskState } from 'nestjs-asyncermp';

/** A task as clients see it. */
export interface TaskView {
  readonly uid: string;
  readonly handler: string;
  readonly state: TaskState;
  /** 0 to 1; absent before the first report. */
  readonly progress?: unknown;
  readonly attempt: number;
  readonly waitMs: number;
  readonly runMs: number;
  /** The result of the handler, once the task has completed. A bigint is sent as text. */
  readonly result?: unknown;
  /** Why the task failed or was cancelled. */
  readonly error?: ErrorView;
}

/** An error as clients see it, without the stack, which is for the log. */
export interface ErrorView {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

export async function viewOfTask(task: TaskHandle): Promise<TaskView> {
  const { uid, handler, state, progress, attempt, waitMs, runMs } = task;
  const times = { waitMs: tenths(waitMs), runMs: tenths(runMs) };
  const view = { uid, handler, state, progress, attempt, ...times };
  switch (state) {
    case 'completed':
      return { ...view, result: jsonable(await task.result) };
    case 'failed':
    case 'cancelled':
      return { ...view, error: await task.result.then(() => viewOfError(undefined), viewOfError) };
    default:
      return view;
  }
}

export function viewOfError(error: unknown): ErrorView {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error) };
  }
  const { name, message } = error;
  return error instanceof AsyncerMpError ? { name, message, code: error.code } : { name, message };
}

/** JSON has no bigints. */
function jsonable(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
