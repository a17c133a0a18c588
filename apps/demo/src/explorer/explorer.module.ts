import { Module } from '@nestjs/common';
import { WorkplaceModule } from '../workplace/workplace.module.js';
import { MandelbrotRenderer } from './mandelbrot.renderer.js';
import { Palette } from './palette.js';
import { TileTasks } from './tile.tasks.js';
import { TilesController } from './tiles.controller.js';

@Module({
  imports: [WorkplaceModule],
  controllers: [TilesController],
  providers: [Palette, MandelbrotRenderer, TileTasks],
})
export class ExplorerModule {}
