import { MultiBar, type SingleBar } from 'cli-progress';

/** A progress bar, if the output is a terminal. */
export interface Progress {
  advance(): void;
  end(): void;
}

/** The output of the demo. Lines appear above the progress bar, if there is one. */
export class Terminal {
  #bars: MultiBar | undefined;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  line(text = ''): void {
    if (this.#bars) {
      this.#bars.log(`${text}\n`);
    } else {
      this.#stream.write(`${text}\n`);
    }
  }

  /** Shows a bar until `end()` is called. Only one bar at a time. */
  progress(total: number): Progress {
    if (!this.#stream.isTTY) {
      return { advance() {}, end() {} };
    }
    const bars = new MultiBar({
      stream: this.#stream,
      format: '[{bar}] {percentage}% | {value} of {total} | {duration_formatted}',
      barCompleteChar: '=',
      barIncompleteChar: ' ',
      clearOnComplete: true,
      // Ctrl-C must end the program, and not only the bar. So the bar cannot restore what it switches off,
      // which is why line wrapping stays on.
      gracefulExit: false,
      linewrap: true,
    });
    const bar: SingleBar = bars.create(total, 0);
    // Now, since a blocked main thread would draw it only after the work.
    bars.update();
    this.#bars = bars;
    return {
      advance: () => bar.increment(),
      end: () => {
        // Draws once more, since stop() drops the lines logged since the last redraw.
        bars.update();
        bars.stop();
        this.#bars = undefined;
      },
    };
  }
}
