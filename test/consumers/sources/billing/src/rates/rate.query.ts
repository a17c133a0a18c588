import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { RATES } from './rates.js';

/** Asks what one euro is in another currency. */
export class RateQuery extends Query<number> {
  constructor(readonly currency: string) {
    super();
  }
}

@QueryHandler(RateQuery)
export class RateHandler implements IQueryHandler<RateQuery> {
  constructor(@Inject(RATES) private readonly rates: ReadonlyMap<string, number>) {}

  async execute({ currency }: RateQuery): Promise<number> {
    return this.rates.get(currency) ?? NaN;
  }
}
