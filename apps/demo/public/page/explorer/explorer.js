import { byId, make, setText } from '../shared/dom.js';
import { countText } from '../shared/units.js';
import { listenToGestures } from './gestures.js';
import { PLACES } from './places.js';
import { paint } from './painter.js';
import { TileCache } from './tile-cache.js';
import { TileLoader } from './tile-loader.js';
import { View } from './view.js';

/** Connects the view, the tiles and the gestures of the visitor. */
export function startExplorer(feed) {
  const canvas = byId('plane');
  const view = new View();
  const cache = new TileCache();
  const loader = new TileLoader(cache, () => schedule());
  let isScheduled = false;
  let isHome = true;

  const schedule = () => {
    if (isScheduled) {
      return;
    }
    isScheduled = true;
    requestAnimationFrame(() => {
      isScheduled = false;
      if (canvas.clientWidth === 0) {
        // Another view is shown, so this one needs no tiles.
        loader.want([]);
        return;
      }
      const detail = Number(byId('detail').value);
      const tiles = view.tiles(detail);
      loader.want(tiles.filter((tile) => !cache.has(tile)));
      paint(canvas, view, tiles, cache);
      setText(byId('map-status'), statusText(view, loader));
      byId('map-status').dataset.open = String(loader.open);
    });
  };
  const move = (change) => {
    isHome = false;
    byId('place-select').value = '';
    change();
    schedule();
  };
  const goHome = () => {
    view.goHome();
    isHome = true;
    byId('place-select').value = '';
    schedule();
  };

  listenToGestures(canvas, {
    pan: (dx, dy) => move(() => view.pan(dx, dy)),
    zoom: (levels, x, y) => move(() => view.zoomBy(levels, x, y)),
    goHome,
  });
  byId('zoom-in').addEventListener('click', () => move(() => view.zoomBy(1)));
  byId('zoom-out').addEventListener('click', () => move(() => view.zoomBy(-1)));
  byId('go-home').addEventListener('click', goHome);
  byId('detail').addEventListener('change', schedule);
  byId('place-select').append(
    make('option', { value: '', textContent: 'Go to …' }),
    ...PLACES.map(({ name }) => make('option', { value: name, textContent: name })),
  );
  byId('place-select').addEventListener('change', ({ target }) => {
    const place = PLACES.find(({ name }) => name === target.value);
    if (!place) {
      return;
    }
    isHome = false;
    view.goTo(place);
    schedule();
  });
  feed.on('sample', ({ place }) => loader.setPlace(place));

  new ResizeObserver(() => {
    const ratio = devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    view.resize(canvas.width, canvas.height);
    if (isHome && canvas.width > 0) {
      view.goHome();
    }
    schedule();
  }).observe(canvas);
}

function statusText(view, { open, failure }) {
  const where = `zoom 2^${view.zoom.toFixed(1)}`;
  if (failure) {
    return `${where} · ${failure}`;
  }
  return open > 0 ? `${where} · ${countText(open, 'tile')} to come` : where;
}
