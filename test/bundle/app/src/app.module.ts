import { Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule } from 'nestjs-asyncermp';
import { AdderService } from './adder.service.js';
import { CompletionsListener } from './completions.listener.js';
import { ScaleModule } from './scale.module.js';
import { SumsService } from './sums.service.js';

@Module({
  imports: [EventEmitterModule.forRoot(), AsyncerMpModule.forRoot(2), ScaleModule.forRoot(3)],
  providers: [AdderService, CompletionsListener, SumsService],
})
export class AppModule {}
