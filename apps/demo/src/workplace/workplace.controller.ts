import { Body, Controller, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { Workplace, type Place } from './workplace.js';

const workplaceSchema = z.strictObject({ place: z.enum(['pool', 'main']) });

@Controller('workplace')
export class WorkplaceController {
  readonly #workplace: Workplace;

  constructor(workplace: Workplace) {
    this.#workplace = workplace;
  }

  @Get()
  chosen(): { place: Place } {
    return { place: this.#workplace.chosen };
  }

  @Put()
  choose(@Body({ schema: workplaceSchema }) { place }: z.infer<typeof workplaceSchema>): {
    place: Place;
  } {
    this.#workplace.choose(place);
    return this.chosen();
  }
}
