export {
  AsyncerMpModule,
  type AsyncerMpAsyncOptions,
  type AsyncerMpModuleExtras,
} from './asyncermp.module.js';
export type { AsyncerMpOptions, Retention } from './asyncermp.options.js';
export { AsyncerMpService, type MapItems } from './asyncermp.service.js';
export { CpuTask, type CpuTaskDecorator } from './handlers/cpu-task.decorator.js';
export { CpuTaskHost } from './handlers/cpu-task-host.decorator.js';
export { InMain, type Remote } from './handlers/in-main.decorator.js';
export type { ExplainedProvider, Explanation } from './handlers/explain.js';
export type { RootModule, WorkerOptions } from './injection/module-registry.js';
export {
  Sendable,
  sendable,
  type ClassOf,
  type SendableOptions,
} from './handlers/sendable.decorator.js';
export type { CpuTaskHostOptions, MainToken } from './injection/handler-registry.js';
export type {
  HandlerArgs,
  HandlerClass,
  HandlerMethod,
  HandlerResult,
} from './contract/handler-types.js';
export { CancelOnDisconnectInterceptor } from './integrations/http/cancel-on-disconnect.interceptor.js';
export { transfer } from './protocol/transfer.js';
export type { CompletedQueue } from './contract/completed-queue.js';
export {
  AsyncerMpError,
  ConfigurationError,
  DuplicateTaskError,
  ErrorCode,
  QueueFullError,
  ShutdownError,
  TaskCancelledError,
  TaskSerializationError,
  TaskTimeoutError,
  UnknownHandlerError,
  WorkerCrashedError,
  WorkerStartError,
  type CrashReason,
  type TimeoutPhase,
} from './contract/errors.js';
export type { MapOptions, MapOutcome } from './contract/map-options.js';
export type { PoolStats } from './contract/pool-stats.js';
export {
  TaskCancelledEvent,
  TaskCompletedEvent,
  TaskEvent,
  taskEventOf,
  TaskFailedEvent,
  TaskProgressEvent,
  TaskQueuedEvent,
  TaskRetryingEvent,
  TaskStartedEvent,
  type TaskEventPayload,
  type TaskOutcomeEvent,
  type TaskSettledEvent,
} from './contract/task-events.js';
export { alsContext, type TaskContext } from './contract/task-context.js';
export type { TaskHandle, SettledState, TaskState } from './contract/task-handle.js';
export type {
  Backoff,
  CpuTaskOptions,
  TaskDefaults,
  TaskOptions,
} from './contract/task-options.js';
export { currentTask, type CurrentTask } from './worker/current-task.js';
