import { Module } from '@nestjs/common';
import { AreaService } from './area.service.js';
import { ShoelaceService } from './shoelace.service.js';

@Module({
  providers: [AreaService, ShoelaceService],
  exports: [AreaService, ShoelaceService],
})
export class GeometryModule {}
