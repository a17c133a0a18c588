/** An event as `GET /events` sends it. */
export interface ServerEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly uid: string };
}

/** A client of `GET /events`, listening from the moment that it is open. */
export class EventClient implements AsyncDisposable {
  readonly #abort: AbortController;
  readonly #events: AsyncGenerator<ServerEvent, void, undefined>;

  private constructor(abort: AbortController, response: Response) {
    this.#abort = abort;
    this.#events = parse(response);
  }

  static async open(origin: string): Promise<EventClient> {
    const abort = new AbortController();
    const response = await fetch(`${origin}/events`, {
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(40_000)]),
    });
    return new EventClient(abort, response);
  }

  /** Takes events up to this one of this task. */
  async until(type: string, uid: string): Promise<readonly ServerEvent[]> {
    try {
      return await this.take((event) => event.type === type && event.data.uid === uid);
    } catch (cause) {
      throw new Error(`It waited in vain for the event ${type} of the task ${uid}`, { cause });
    }
  }

  /** Takes events up to the first that is meant. */
  async take(isMeant: (event: ServerEvent) => boolean): Promise<readonly ServerEvent[]> {
    const events: ServerEvent[] = [];
    for (;;) {
      const { value, done } = await this.#events.next();
      if (done) {
        throw new Error('The stream ended before the event came');
      }
      events.push(value);
      if (isMeant(value)) {
        return events;
      }
    }
  }

  /** Resolves when the server has ended the stream. */
  async end(): Promise<void> {
    while (!(await this.#events.next()).done) {}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }
}

async function* parse({ body }: Response): AsyncGenerator<ServerEvent, void, undefined> {
  let text = '';
  for await (const chunk of (body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1] ?? '';
      yield { type: field('event'), data: JSON.parse(field('data')) as ServerEvent['data'] };
    }
  }
}
