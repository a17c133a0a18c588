export const TILE_SIZE = 256;
const DEEPEST = 42;
/** The square of the complex plane that the only tile of level 0 shows. */
const PLANE = { left: -4.75, top: 4, side: 8 };
const MIDDLE = { re: PLANE.left + PLANE.side / 2, im: PLANE.top - PLANE.side / 2 };

/** The part of the plane that the canvas shows. All pixels here are device pixels. */
export class View {
  width = 0;
  height = 0;
  zoom = 1;
  #re = MIDDLE.re;
  #im = MIDDLE.im;

  resize(width, height) {
    this.width = width;
    this.height = height;
  }

  /** Shows the whole set at a whole zoom level, where a pixel of a tile is a pixel of the canvas. */
  goHome() {
    const fits = Math.log2((Math.min(this.width, this.height) * 3) / TILE_SIZE);
    this.goTo({ ...MIDDLE, zoom: Math.max(0, Math.floor(fits)) });
  }

  goTo({ re, im, zoom }) {
    this.zoom = zoom;
    this.#re = re;
    this.#im = im;
  }

  /** Moves by pixels. A positive `dx` moves the picture to the right. */
  pan(dx, dy) {
    const clamp = (value, from) => Math.min(from + PLANE.side, Math.max(from, value));
    this.#re = clamp(this.#re - dx / this.#scale, PLANE.left);
    this.#im = clamp(this.#im + dy / this.#scale, PLANE.top - PLANE.side);
  }

  /** Zooms by levels around a pixel, which stays in its place. */
  zoomBy(levels, x = this.width / 2, y = this.height / 2) {
    this.pan(this.width / 2 - x, this.height / 2 - y);
    this.zoom = Math.min(DEEPEST, Math.max(0, this.zoom + levels));
    this.pan(x - this.width / 2, y - this.height / 2);
  }

  /** The tiles in view, nearest to the middle first. */
  tiles(detail) {
    const z = Math.min(DEEPEST, Math.max(0, Math.round(this.zoom)));
    const count = 2 ** z;
    const side = PLANE.side / count;
    const iterations = iterationsAt(z, detail);
    const middleX = (this.#re - PLANE.left) / side;
    const middleY = (PLANE.top - this.#im) / side;
    const reachX = this.width / 2 / this.#scale / side;
    const reachY = this.height / 2 / this.#scale / side;
    const tiles = [];
    const last = (index) => Math.min(count - 1, Math.ceil(index) - 1);
    for (let y = Math.max(0, Math.floor(middleY - reachY)); y <= last(middleY + reachY); y++) {
      for (let x = Math.max(0, Math.floor(middleX - reachX)); x <= last(middleX + reachX); x++) {
        const distance = Math.hypot(x + 0.5 - middleX, y + 0.5 - middleY);
        tiles.push({ z, x, y, iterations, distance });
      }
    }
    return tiles.sort((one, other) => one.distance - other.distance);
  }

  /** Where a tile lies on the canvas. Edges are rounded, so that neighbours leave no seam. */
  rectangleOf({ z, x, y }) {
    const side = PLANE.side / 2 ** z;
    const toX = (index) =>
      Math.round((PLANE.left + index * side - this.#re) * this.#scale + this.width / 2);
    const toY = (index) =>
      Math.round((this.#im - PLANE.top + index * side) * this.#scale + this.height / 2);
    const [left, top] = [toX(x), toY(y)];
    return { left, top, width: toX(x + 1) - left, height: toY(y + 1) - top };
  }

  /** Pixels to a unit of the plane. */
  get #scale() {
    return (TILE_SIZE * 2 ** this.zoom) / PLANE.side;
  }
}

/** Deeper levels need more iterations to separate inside from outside. */
function iterationsAt(level, detail) {
  return Math.min(50_000, Math.round(detail * 200 * 1.13 ** level));
}
