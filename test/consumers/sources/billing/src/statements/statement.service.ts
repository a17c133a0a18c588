import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { ConfigService, type ConfigType } from '@nestjs/config';
import { QueryBus } from '@nestjs/cqrs';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { JwtService } from '@nestjs/jwt';
import { CpuTask } from 'nestjs-asyncermp';
import { ClsService } from 'nestjs-cls';
import { I18nService } from 'nestjs-i18n';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { billing } from '../billing.config.js';
import { presence } from '../presence.js';
import { RateQuery } from '../rates/rate.query.js';
import { Draft } from './draft.js';
import { InvoiceStore } from './invoice.store.js';
import { STATEMENT_DRAWN, type Statement } from './statement.js';

/** The only class of the application that knows of workers, by the one decorator of its one method. */
@Injectable()
export class StatementService {
  constructor(
    private readonly store: InvoiceStore,
    private readonly draft: Draft,
    private readonly config: ConfigService,
    @Inject(billing.KEY) private readonly own: ConfigType<typeof billing>,
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    private readonly jwt: JwtService,
    private readonly cls: ClsService,
    private readonly i18n: I18nService,
    private readonly queries: QueryBus,
    private readonly events: EventEmitter2,
    @InjectPinoLogger(StatementService.name) private readonly logger: PinoLogger,
  ) {}

  @CpuTask()
  async draw(customer: string, currency: string): Promise<Statement> {
    const rate = await this.cache.wrap(currency, () =>
      this.queries.execute(new RateQuery(currency)),
    );
    const invoices = await this.store.of(customer);
    for (const { id, cents } of invoices) {
      this.draft.lines.push(`${id}: ${cents}`);
    }
    const net = invoices.reduce((sum, { cents }) => sum + cents, 0);
    const cents = Math.round(net * (1 + this.own.taxPercent / 100) * rate);
    this.logger.info({ customer, cents }, 'drawn');
    this.events.emit(STATEMENT_DRAWN, customer);
    return {
      text: this.i18n.t('statement.total', { lang: 'de', args: { customer, cents, currency } }),
      lines: this.draft.lines,
      rate,
      tenant: this.cls.get<string>('tenant'),
      signature: this.jwt.sign({ customer, cents }),
      issuer: `${this.config.getOrThrow<string>('billing.currency')} ${this.config.get('secret')}`,
      drawnBy: presence(),
    };
  }
}
