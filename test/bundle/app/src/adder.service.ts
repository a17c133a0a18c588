import { Injectable } from '@nestjs/common';

@Injectable()
export class AdderService {
  add(a: number, b: number): number {
    return a + b;
  }
}
