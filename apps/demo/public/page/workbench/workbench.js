import { ask } from '../shared/api.js';
import { byId, make, setText } from '../shared/dom.js';
import { PictureCard } from './picture-card.js';

/** Uploads dropped and chosen pictures, and shows their results. */
export function startWorkbench(feed) {
  const cards = new Map();
  const list = byId('pictures');

  const submit = (files) => {
    setText(byId('upload-message'), '');
    for (const file of files) {
      void submitOne(file);
    }
  };
  startDropping(submit);

  feed.on('pictures', ({ isAll, pictures }) => {
    if (isAll) {
      for (const card of cards.values()) {
        card.element.remove();
      }
      cards.clear();
    }
    for (const picture of pictures) {
      if (picture.state === 'removed') {
        cards.get(picture.id)?.element.remove();
        cards.delete(picture.id);
        continue;
      }
      if (!cards.has(picture.id)) {
        const card = new PictureCard(picture);
        cards.set(picture.id, card);
        list.prepend(card.element);
      }
      cards.get(picture.id).show(picture);
    }
  });

  /** Shows a card for a refused picture, of which the server sends none. */
  async function submitOne(file) {
    const form = new FormData();
    for (const field of ['width', 'blur', 'colours']) {
      form.append(field, byId(field).value);
    }
    form.append('picture', file);
    try {
      await ask('POST', '/pictures', form);
    } catch (error) {
      list.prepend(refusal(file.name, error.message));
    }
  }
}

function refusal(name, message) {
  const close = make('button', { type: 'button', ariaLabel: `Remove ${name}` }, 'Remove');
  const element = make(
    'li',
    { className: 'picture card' },
    make('div', { className: 'picture-head' }, make('strong', {}, name), close),
    make('p', { className: 'picture-message' }, message),
  );
  element.dataset.state = 'failed';
  close.addEventListener('click', () => element.remove());
  return element;
}

function startDropping(submit) {
  const drop = byId('drop');
  byId('files').addEventListener('change', ({ target }) => {
    submit([...target.files]);
    // Choosing the same file again must fire a change as well.
    target.value = '';
  });
  // Anywhere on the page: otherwise the browser opens a picture that misses the drop zone.
  window.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.dataset.over = 'true';
  });
  window.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) {
      delete drop.dataset.over;
    }
  });
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    location.hash = '#workbench';
    submit([...event.dataTransfer.files]);
  });
  byId('upload').addEventListener('submit', (event) => event.preventDefault());
}
