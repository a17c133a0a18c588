import { Controller, Get } from '@nestjs/common';
import { AreaService, type Answer } from 'survey-geometry';

@Controller('areas')
export class AreasController {
  constructor(private readonly areas: AreaService) {}

  @Get('unit-square')
  unitSquare(): Promise<Answer> {
    return this.areas.area([
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 1, y: 1 },
      { x: 0, y: 1 },
    ]);
  }
}
