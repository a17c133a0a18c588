import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Invoice } from './invoice.entity.js';

/** Where invoices are kept. */
export abstract class InvoiceStore {
  abstract of(customer: string): Promise<Invoice[]>;
}

@Injectable()
export class SqlInvoiceStore extends InvoiceStore implements OnModuleInit {
  constructor(@InjectRepository(Invoice) private readonly invoices: Repository<Invoice>) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.invoices.save([
      { customer: 'Acme', cents: 12_000 },
      { customer: 'Acme', cents: 3_050 },
      { customer: 'Globex', cents: 99 },
    ]);
  }

  of(customer: string): Promise<Invoice[]> {
    return this.invoices.find({ where: { customer }, order: { id: 'ASC' } });
  }
}
