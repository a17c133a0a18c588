import { ask } from '../shared/api.js';
import { make, setText } from '../shared/dom.js';

const STATES = {
  waiting: 'waits',
  working: 'in work',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** One picture: first its progress, then its result. */
export class PictureCard {
  element;
  #state = make('span', { className: 'picture-state' });
  #bar;
  #message = make('p', { className: 'picture-message' });
  #button = make('button', { type: 'button' });
  #result = make('div', { className: 'picture-result' });

  constructor({ id, name }) {
    this.#bar = make('progress', { max: 1, value: 0, ariaLabel: `Progress of ${name}` });
    this.#button.addEventListener('click', () => ask('DELETE', `/pictures/${id}`));
    this.element = make(
      'li',
      { className: 'picture card' },
      make(
        'div',
        { className: 'picture-head' },
        make('strong', {}, name),
        this.#state,
        this.#button,
      ),
      this.#bar,
      this.#message,
      this.#result,
    );
  }

  show({ id, name, state, progress, message, developed }) {
    const isOver = state !== 'waiting' && state !== 'working';
    this.element.dataset.state = state;
    setText(this.#state, STATES[state]);
    setText(this.#button, isOver ? 'Remove' : 'Cancel');
    this.#button.ariaLabel = `${isOver ? 'Remove' : 'Cancel'} ${name}`;
    this.#bar.value = progress;
    this.#bar.hidden = isOver;
    setText(this.#message, message ?? '');
    if (developed && this.#result.childElementCount === 0) {
      this.#result.append(...resultOf(id, name, developed));
    }
  }
}

function resultOf(id, name, { format, width, height, colours, renditions }) {
  const images = renditions.map((rendition) => {
    const url = `/pictures/${id}/${rendition.name}`;
    const size = `${rendition.width} × ${rendition.height}`;
    const image = make('img', {
      src: url,
      width: rendition.width,
      height: rendition.height,
      alt: `${name}, ${rendition.name}`,
      title: `${rendition.name}, ${size}`,
    });
    image.dataset.rendition = rendition.name;
    const isSmall = rendition.name.startsWith('thumbnail');
    return make(
      'a',
      { href: url, target: '_blank', rel: 'noopener', className: isSmall ? 'thumbnail' : 'large' },
      image,
      ...(isSmall ? [] : [make('small', {}, `${rendition.name}, ${size}`)]),
    );
  });
  const palette = make('ul', { className: 'colours', ariaLabel: 'Colours' });
  for (const colour of colours) {
    const swatch = make('span', { className: 'swatch' });
    swatch.style.backgroundColor = colour;
    palette.append(make('li', {}, swatch, colour));
  }
  return [
    make('p', { className: 'note' }, `${format}, ${width} × ${height} pixels`),
    make('div', { className: 'renditions' }, ...images),
    palette,
  ];
}
