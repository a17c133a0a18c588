import { Injectable } from '@nestjs/common';

export interface Point {
  readonly x: number;
  readonly y: number;
}

@Injectable()
export class ShoelaceService {
  /** Twice the area of the triangle that the edge makes with the origin. */
  ofEdge(from: Point, to: Point): number {
    return from.x * to.y - to.x * from.y;
  }
}
