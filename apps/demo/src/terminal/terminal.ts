import { MultiBar, type SingleBar } from 'cli-progress';

/** A progress bar in a terminal, nothing elsewhere. */
export interface Progress {
  advance(): void;
  end(): void;
}

/** Where the demo writes to. Lines appear above the progress bar, if there is one. */
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

  /** Shows a bar until it is ended. One at a time. */
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
      // Ctrl-C ends the program, and not just the bar; and what was switched off would stay so.
      gracefulExit: false,
      linewrap: true,
    });
    const bar: SingleBar = bars.create(total, 0);
    // At once: the main thread may not come to draw it before the work is done.
    bars.update();
    this.#bars = bars;
    return {
      advance: () => bar.increment(),
      end: () => {
        // What was logged since the last redraw would be lost with the bar.
        bars.update();
        bars.stop();
        this.#bars = undefined;
      },
    };
  }
}
