import { ask } from '../shared/api.js';
import { byId, setText } from '../shared/dom.js';
import { durationText } from '../shared/units.js';

/** The switch between pool and main thread, and the worst delay of each. */
export function startPlaceSwitch(feed) {
  const button = byId('place');
  const worst = { pool: byId('worst-pool'), main: byId('worst-main') };
  let isAsking = false;

  const show = (place) => {
    button.setAttribute('aria-checked', String(place === 'main'));
    document.body.dataset.place = place;
  };

  const choose = async (place) => {
    // At once, since the answer may have to wait for a blocked loop.
    show(place);
    isAsking = true;
    await ask('PUT', '/workplace', { place }).catch(() => undefined);
    isAsking = false;
  };

  button.addEventListener('click', () => {
    if (isAsking) {
      return;
    }
    const place = button.getAttribute('aria-checked') === 'true' ? 'pool' : 'main';
    void choose(place);
  });
  byId('forget').addEventListener('click', () => void ask('DELETE', '/live/worst'));

  feed.on('sample', ({ place, loop }) => {
    if (!isAsking) {
      show(place);
    }
    for (const mode of ['pool', 'main']) {
      setText(worst[mode], durationText(loop.worst[mode]));
    }
  });
}
