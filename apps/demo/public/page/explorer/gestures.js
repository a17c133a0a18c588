/** Levels of zoom per pixel of the wheel. */
const WHEEL = 1 / 300;
/** Trackpads report a pinch as a wheel with Ctrl and smaller steps. */
const TRACKPAD = 1 / 60;
/** Pixels per press of an arrow key. */
const STEP = 96;

/**
 * Pointer, wheel, pinch and keyboard, as on any map.
 *
 * @param on - `pan(dx, dy)`, `zoom(levels, x?, y?)` in pixels of the canvas, and `goHome()`
 */
export function listenToGestures(canvas, on) {
  const pointers = new Map();
  const positionOf = ({ offsetX, offsetY }) => ({
    x: offsetX * devicePixelRatio,
    y: offsetY * devicePixelRatio,
  });

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, positionOf(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = [...pointers.values()];
    const last = pointers.get(event.pointerId);
    if (!last) {
      return;
    }
    const now = positionOf(event);
    pointers.set(event.pointerId, now);
    if (before.length === 1) {
      on.pan(now.x - last.x, now.y - last.y);
    }
    if (before.length === 2) {
      pinch(before, [...pointers.values()], on);
    }
  });
  const release = ({ pointerId }) => pointers.delete(pointerId);
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);

  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const { x, y } = positionOf(event);
      on.zoom(-event.deltaY * pixels * (event.ctrlKey ? TRACKPAD : WHEEL), x, y);
    },
    { passive: false },
  );
  canvas.addEventListener('dblclick', (event) => {
    const { x, y } = positionOf(event);
    on.zoom(event.shiftKey ? -1 : 1, x, y);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const act = keys(on)[event.key];
    if (!act) {
      return;
    }
    event.preventDefault();
    act();
  });
}

/** Keeps the point between the fingers in its place. */
function pinch([a, b], [c, d], on) {
  const middle = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
  const gap = (one, other) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
  const [before, now] = [middle(a, b), middle(c, d)];
  on.pan(now.x - before.x, now.y - before.y);
  on.zoom(Math.log2(gap(c, d) / gap(a, b)), now.x, now.y);
}

function keys(on) {
  const step = STEP * devicePixelRatio;
  return {
    ArrowLeft: () => on.pan(step, 0),
    ArrowRight: () => on.pan(-step, 0),
    ArrowUp: () => on.pan(0, step),
    ArrowDown: () => on.pan(0, -step),
    '+': () => on.zoom(0.5),
    '=': () => on.zoom(0.5),
    '-': () => on.zoom(-0.5),
    Home: on.goHome,
    0: on.goHome,
  };
}
