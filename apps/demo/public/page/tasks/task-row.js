import { make, setText } from '../shared/dom.js';
import { durationText } from '../shared/units.js';

/** One task of the list, with a second row for its error. */
export class TaskRow {
  #state = make('span', { className: 'state' });
  #attempt = cell('Attempt');
  #worker = cell('Worker');
  #waited = cell('Waited');
  #ran = cell('Ran');
  #row;
  #errorRow;
  #summary = make('summary');
  #stack = make('pre');

  constructor({ uid, handler }) {
    this.#row = make(
      'tr',
      {},
      make('th', { scope: 'row' }, make('span', {}, uid), make('small', {}, handler)),
      make('td', {}, this.#state),
      this.#attempt,
      this.#worker,
      this.#waited,
      this.#ran,
    );
    const details = make('details', {}, this.#summary, this.#stack);
    this.#errorRow = make(
      'tr',
      { className: 'error', hidden: true },
      make('td', { colSpan: 6 }, details),
    );
  }

  get elements() {
    return [this.#row, this.#errorRow];
  }

  show(task, serverNow) {
    const { state, attempt, worker, progress, waitMs, error, since } = task;
    const isRunning = state === 'running';
    this.#row.dataset.state = state;
    const done = isRunning && typeof progress === 'number' ? ` ${Math.round(progress * 100)}%` : '';
    setText(this.#state, state + done);
    setText(this.#attempt, attempt > 0 ? String(attempt) : '–');
    setText(this.#worker, worker === undefined ? '–' : String(worker));
    setText(this.#waited, durationText(waitMs));
    setText(this.#ran, durationText(isRunning ? Math.max(0, serverNow - since) : task.runMs));
    // A cancel is no error: every tile that leaves the view is cancelled.
    const isTold = error !== undefined && state !== 'cancelled';
    this.#errorRow.hidden = !isTold;
    if (!isTold) {
      return;
    }
    setText(this.#summary, `${error.name}: ${error.message}`);
    setText(this.#stack, [error.code, error.stack ?? error.message].filter(Boolean).join('\n'));
  }
}

function cell(label) {
  const element = make('td', { className: 'number' });
  element.dataset.label = label;
  return element;
}
