import { Controller, Get, Param } from '@nestjs/common';
import { note } from '../presence.js';
import type { Statement } from './statement.js';
import { StatementService } from './statement.service.js';

@Controller('statements')
export class StatementsController {
  constructor(private readonly statements: StatementService) {
    note('controller');
  }

  @Get(':customer')
  draw(@Param('customer') customer: string): Promise<Statement> {
    return this.statements.draw(customer, 'GBP');
  }
}
