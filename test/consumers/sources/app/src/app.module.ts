import { Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule } from 'nestjs-asyncermp';
import { GeometryModule } from 'survey-geometry';
import { AreasController } from './areas.controller.js';
import { ContoursModule } from './contours/index.js';
import { OutcomesListener } from './outcomes.listener.js';
import { ScaleModule } from './terrain/scale.module.js';
import { SlopeService } from './terrain/slope.service.js';
import { TrialsService } from './trials/trials.service.js';

@Module({
  imports: [
    EventEmitterModule.forRoot(),
    AsyncerMpModule.forRoot(2),
    ContoursModule,
    GeometryModule,
    ScaleModule.forRoot(3),
  ],
  controllers: [AreasController],
  providers: [OutcomesListener, SlopeService, TrialsService],
})
export class AppModule {}
