const NOW = Promise.resolve();

/** Does one piece of work whenever somebody asks for it: never inside of itself, and never once too few. */
export class Pump {
  readonly #work: () => void;
  #isRunning = false;
  #isAskedAgain = false;
  #isDue = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** At once; while it is being done, once more after that. */
  run(): void {
    if (this.#isRunning) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isRunning = true;
    do {
      this.#isAskedAgain = false;
      this.#work();
    } while (this.#isAskedAgain);
    this.#isRunning = false;
  }

  /** When all that is being told at the moment has been told: once for all who ask until then. */
  runSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      void NOW.then(this.#runDue);
    }
  }

  readonly #runDue = (): void => {
    this.#isDue = false;
    this.run();
  };
}
