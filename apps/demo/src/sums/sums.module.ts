import { Module } from '@nestjs/common';
import { SquaresService } from './squares.service.js';
import { SumsTasks } from './sums.tasks.js';

@Module({
  providers: [SquaresService, SumsTasks],
  exports: [SquaresService, SumsTasks],
})
export class SumsModule {}
