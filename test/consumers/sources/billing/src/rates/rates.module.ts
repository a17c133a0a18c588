import { Module, type DynamicModule } from '@nestjs/common';
import { RateHandler } from './rate.query.js';
import { RATES } from './rates.js';

/** A configured module. */
@Module({})
export class RatesModule {
  static forRoot(rates: Readonly<Record<string, number>>): DynamicModule {
    return {
      module: RatesModule,
      providers: [
        { provide: RATES, useFactory: async () => new Map(Object.entries(rates)) },
        RateHandler,
      ],
      exports: [RATES],
    };
  }
}
