import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Request } from 'express';
import { note } from '../presence.js';

/** Lets requests with a valid token in. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly jwt: JwtService) {
    note('guard');
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { authorization = '' } = context.switchToHttp().getRequest<Request>().headers;
    const token = authorization.replace('Bearer ', '');
    return this.jwt.verifyAsync(token).then(
      () => true,
      () => false,
    );
  }
}
