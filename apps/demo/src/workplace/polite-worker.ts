import { constants, setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/**
 * Lets the thread that answers requests go first where there are fewer cores than threads that want
 * one. Linux gives each thread a priority of its own; elsewhere it would be that of the whole process.
 * Injected by handlers, and so made once in every worker.
 */
@Injectable()
export class PoliteWorker implements OnModuleInit {
  onModuleInit(): void {
    if (isMainThread || process.platform !== 'linux') {
      return;
    }
    // 0 is the calling thread: see setpriority(2), "C library/kernel differences".
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  }
}
