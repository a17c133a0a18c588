import { move } from 'piscina';
import { blur } from '../../work/blur.js';

export default function task({ pixels, width }: { pixels: Uint8Array; width: number }): unknown {
  return move(blur(pixels, width));
}
