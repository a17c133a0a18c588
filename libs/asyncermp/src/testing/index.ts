export {
  AsyncerMpTestingModule,
  type AsyncerMpTestingOptions,
} from './asyncermp-testing.module.js';
export {
  AsyncerMpTestingService,
  type CrashFaultOptions,
  type FaultOptions,
} from './asyncermp-testing.service.js';
export type { RecordedEvent, TaskEventPayloads } from './event-record.js';
export type { HeldTask } from './holds.js';
