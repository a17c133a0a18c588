import { byId } from '../shared/dom.js';
import { TaskRow } from './task-row.js';

/** Rows per handler, as many as the server keeps. */
const MOST_OF_A_HANDLER = 40;
const TILES = 'TileTasks.render';

/** The latest tasks, the newest first. */
export function startTaskList(feed) {
  /** By id, oldest first. */
  const tasks = new Map();
  const rows = new Map();
  const body = byId('task-rows');
  const hideTiles = byId('hide-tiles');
  /** The server's clock, by which running tasks are timed. */
  let serverNow = 0;

  const render = () => {
    if (byId('view-tasks').hidden) {
      return;
    }
    const shown = [...tasks.values()].filter(
      ({ handler }) => !(hideTiles.checked && handler === TILES),
    );
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) {
        continue;
      }
      for (const element of row.elements) {
        element.remove();
      }
      rows.delete(id);
    }
    for (const task of shown) {
      let row = rows.get(task.id);
      if (!row) {
        row = new TaskRow(task);
        rows.set(task.id, row);
        body.prepend(...row.elements);
      }
      row.show(task, serverNow);
    }
    byId('no-tasks').hidden = shown.length > 0;
  };

  feed.on('tasks', ({ isAll, rows: changed }) => {
    if (isAll) {
      tasks.clear();
    }
    for (const task of changed) {
      tasks.set(task.id, task);
    }
    prune(tasks);
    render();
  });
  feed.on('sample', ({ at }) => {
    serverNow = at;
    for (const [id, row] of rows) {
      if (tasks.get(id)?.state === 'running') {
        row.show(tasks.get(id), serverNow);
      }
    }
  });
  hideTiles.addEventListener('change', () => {
    // Rows are inserted in order, so rows that return need the others removed first.
    for (const row of rows.values()) {
      for (const element of row.elements) {
        element.remove();
      }
    }
    rows.clear();
    render();
  });
  window.addEventListener('hashchange', render);
}

function prune(tasks) {
  const counts = new Map();
  for (const { id, handler } of [...tasks.values()].toReversed()) {
    const count = (counts.get(handler) ?? 0) + 1;
    counts.set(handler, count);
    if (count > MOST_OF_A_HANDLER) {
      tasks.delete(id);
    }
  }
}
