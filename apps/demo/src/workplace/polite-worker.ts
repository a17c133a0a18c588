import { constants, setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/**
 * Lowers the priority of a worker's thread, so that the thread that answers requests gets a core first.
 * Only on Linux: elsewhere the priority is that of the whole process. Handlers inject this class, so each
 * worker creates it once.
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
