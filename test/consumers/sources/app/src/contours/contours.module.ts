import { Module } from '@nestjs/common';
import { GeometryModule } from 'survey-geometry';
import { ContoursService } from './contours.service.js';

@Module({
  imports: [GeometryModule],
  providers: [ContoursService],
  exports: [ContoursService],
})
export class ContoursModule {}
