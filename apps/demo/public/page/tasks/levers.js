import { ask } from '../shared/api.js';
import { byId, setText } from '../shared/dom.js';

/** Seconds of work, exact to the last digit. */
const SUM = { kind: 'sum', n: 30_000_000 };

/** The buttons for tasks that misbehave and for the pool. */
export function startLevers(feed) {
  const pause = byId('pause');
  const size = byId('pool-size');
  let isPaused = false;

  const tell = async (asking) => {
    setText(byId('tasks-message'), '');
    await asking.catch(({ message }) => setText(byId('tasks-message'), message));
  };

  for (const button of document.querySelectorAll('[data-trial]')) {
    const { trial } = button.dataset;
    const submit = () =>
      trial === 'sum' ? ask('POST', '/tasks', SUM) : ask('POST', '/trials', { kind: trial });
    button.addEventListener('click', () => void tell(submit()));
  }
  pause.addEventListener(
    'click',
    () => void tell(ask('POST', isPaused ? '/pool/resume' : '/pool/pause')),
  );
  size.addEventListener(
    'change',
    () => void tell(ask('PUT', '/pool/size', { maxProcesses: size.valueAsNumber })),
  );

  feed.on('sample', ({ stats }) => {
    isPaused = stats.paused;
    setText(pause, isPaused ? 'Resume' : 'Pause');
    pause.setAttribute('aria-pressed', String(isPaused));
    // Not while the user types in it.
    if (document.activeElement !== size) {
      size.value = String(stats.maxProcesses);
    }
  });
}
