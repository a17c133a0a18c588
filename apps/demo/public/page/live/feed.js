/**
 * The server's events: `sample` (ten times a second), `tasks` and `pictures`. `lost` means that the
 * connection was lost; the browser reconnects by itself.
 */
export class LiveFeed extends EventTarget {
  constructor(url) {
    super();
    const source = new EventSource(url);
    for (const type of ['sample', 'tasks', 'pictures']) {
      source.addEventListener(type, ({ data }) => {
        this.dispatchEvent(new CustomEvent(type, { detail: JSON.parse(data) }));
      });
    }
    source.addEventListener('error', () => this.dispatchEvent(new CustomEvent('lost')));
  }

  /** @param {(detail: any) => void} listener - Called with the data of each event. */
  on(type, listener) {
    this.addEventListener(type, (event) => listener(event.detail));
  }
}
