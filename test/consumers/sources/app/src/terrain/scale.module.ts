import { Module, type DynamicModule } from '@nestjs/common';

export const METRES_PER_STEP = Symbol('METRES_PER_STEP');

/** A module with configuration: what it exports exists only where somebody imports it configured. */
@Module({})
export class ScaleModule {
  static forRoot(metresPerStep: number): DynamicModule {
    return {
      module: ScaleModule,
      providers: [{ provide: METRES_PER_STEP, useValue: metresPerStep }],
      exports: [METRES_PER_STEP],
    };
  }
}
