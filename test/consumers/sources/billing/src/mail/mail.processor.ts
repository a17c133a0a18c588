import { Processor, WorkerHost } from '@nestjs/bullmq';
import { note } from '../presence.js';

/** Takes mails from the queue in Redis. */
@Processor('mails')
export class MailProcessor extends WorkerHost {
  constructor() {
    super();
    note('queue processor');
  }

  async process(): Promise<void> {
    note('queue job');
  }
}
