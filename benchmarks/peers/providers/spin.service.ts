import { Injectable } from '@nestjs/common';
import { spin } from '../../work/spin.js';

/** What the handler does is done by a provider that is injected into it. */
@Injectable()
export class SpinService {
  spin(steps: number): number {
    return spin(steps);
  }
}
