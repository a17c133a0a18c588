const CHANNELS = 4;
const RADIUS = 6;

/** A box blur along the rows of RGBA pixels, and then along the columns. */
export function blur(pixels: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const height = pixels.length / CHANNELS / width;
  const rows = new Uint8Array(pixels.length);
  const both = new Uint8Array(pixels.length);
  blurLines(pixels, rows, { lines: height, length: width, lineStep: width, step: 1 });
  blurLines(rows, both, { lines: width, length: height, lineStep: 1, step: width });
  return both;
}

interface Lines {
  readonly lines: number;
  readonly length: number;
  /** The distance between two lines, in pixels. */
  readonly lineStep: number;
  /** The distance between two pixels of a line, in pixels. */
  readonly step: number;
}

function blurLines(from: Uint8Array, to: Uint8Array, lines: Lines): void {
  for (let line = 0; line < lines.lines; line++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      blurLine(from, to, lines, line * lines.lineStep * CHANNELS + channel);
    }
  }
}

/** Keeps a running sum over the window. Beyond the edge, the edge pixels repeat. */
function blurLine(from: Uint8Array, to: Uint8Array, { length, step }: Lines, start: number): void {
  const at = (index: number): number =>
    from[start + Math.min(length - 1, Math.max(0, index)) * step * CHANNELS] ?? 0;
  let sum = 0;
  for (let index = -RADIUS; index <= RADIUS; index++) {
    sum += at(index);
  }
  for (let index = 0; index < length; index++) {
    to[start + index * step * CHANNELS] = sum / (2 * RADIUS + 1);
    sum += at(index + RADIUS + 1) - at(index - RADIUS);
  }
}
