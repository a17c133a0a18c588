const VIEWS = ['explorer', 'workbench', 'tasks', 'loop'];

/** Shows the view that the address names, so that links, history and reloading work. */
export function startViews() {
  window.addEventListener('hashchange', show);
  show();
}

function show() {
  const named = location.hash.slice(1);
  const current = VIEWS.includes(named) ? named : VIEWS[0];
  document.body.dataset.view = current;
  window.scrollTo(0, 0);
  for (const view of VIEWS) {
    const element = document.getElementById(`view-${view}`);
    // The loop's view stands beside the others if there is room: see frame.css.
    if (view !== 'loop') {
      element.hidden = view !== current;
    }
  }
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${current}`) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
}
