import { Module, type DynamicModule } from '@nestjs/common';

export const FACTOR = Symbol('FACTOR');

/** A module with configuration: what it exports exists only where somebody imports it configured. */
@Module({})
export class ScaleModule {
  static forRoot(factor: number): DynamicModule {
    return {
      module: ScaleModule,
      providers: [{ provide: FACTOR, useValue: factor }],
      exports: [FACTOR],
    };
  }
}
