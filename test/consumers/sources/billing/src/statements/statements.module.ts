import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { TypeOrmModule } from '@nestjs/typeorm';
import { billing } from '../billing.config.js';
import { Draft } from './draft.js';
import { Invoice } from './invoice.entity.js';
import { InvoiceStore, SqlInvoiceStore } from './invoice.store.js';
import { StatementService } from './statement.service.js';
import { StatementsController } from './statements.controller.js';

@Module({
  imports: [ConfigModule.forFeature(billing), TypeOrmModule.forFeature([Invoice])],
  controllers: [StatementsController],
  providers: [Draft, StatementService, { provide: InvoiceStore, useClass: SqlInvoiceStore }],
})
export class StatementsModule {}
