import { Module, type DynamicModule } from '@nestjs/common';

export const METRES_PER_STEP = Symbol('METRES_PER_STEP');

/** A configured module: its exports exist only where its `forRoot()` is imported. */
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
