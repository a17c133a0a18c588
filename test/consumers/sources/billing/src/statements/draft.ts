import { Injectable, Scope } from '@nestjs/common';

/** The lines of one statement: each request has a draft of its own. */
@Injectable({ scope: Scope.REQUEST })
export class Draft {
  readonly lines: string[] = [];
}
