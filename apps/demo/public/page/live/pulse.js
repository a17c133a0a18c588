import { byId, setText } from '../shared/dom.js';
import { durationText } from '../shared/units.js';

/** Samples come every 100 ms. Without one for this long, the loop stands still. */
const STOPPED_AFTER_MS = 450;
const BEAT_EVERY_MS = 800;

/** The heart in the header: it beats with the server's loop, and stops with it. */
export function startPulse(feed) {
  const pulse = byId('pulse');
  const text = byId('pulse-text');
  const heart = pulse.querySelector('.heart');
  let lastSampleAt;
  let lastBeatAt = 0;
  let isLost = false;

  feed.on('sample', ({ loop }) => {
    const now = performance.now();
    lastSampleAt = now;
    isLost = false;
    pulse.dataset.state = 'beating';
    setText(text, `loop ${durationText(loop.delayMs)} late`);
    if (now - lastBeatAt < BEAT_EVERY_MS) {
      return;
    }
    lastBeatAt = now;
    heart.animate([{ transform: 'scale(1.25)' }, { transform: 'scale(1)' }], {
      duration: 500,
      easing: 'ease-out',
    });
  });
  feed.on('lost', () => (isLost = true));

  setInterval(() => {
    if (lastSampleAt === undefined) {
      return;
    }
    const silentMs = performance.now() - lastSampleAt;
    if (silentMs < STOPPED_AFTER_MS) {
      return;
    }
    pulse.dataset.state = 'stopped';
    const since = `${(silentMs / 1_000).toFixed(1)} s`;
    setText(text, isLost ? 'server not reached' : `loop stopped ${since}`);
  }, 100);
}
