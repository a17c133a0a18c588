import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { MailProcessor } from './mail.processor.js';
import { Reminders } from './reminders.js';

@Module({
  imports: [BullModule.registerQueue({ name: 'mails' })],
  providers: [MailProcessor, Reminders],
})
export class MailModule {}
