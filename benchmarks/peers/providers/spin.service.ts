import { Injectable } from '@nestjs/common';
import { spin } from '../../work/spin.js';

/** Does the handler's work, and is injected into it. */
@Injectable()
export class SpinService {
  spin(steps: number): number {
    return spin(steps);
  }
}
