import { EventClient } from '../events.js';
import { Program } from '../program.js';

/** Bounds a server that a test forgot, or that hangs. */
const MOST_MS = 900_000;

/** The demo as `npm run demo` starts it: a process of its own, with two workers. */
export class DemoServer implements AsyncDisposable {
  private constructor(
    readonly program: Program,
    readonly origin: string,
  ) {}

  static async start(): Promise<DemoServer> {
    const env = { PORT: '0', MAX_PROCESSES: '2' };
    const program = new Program('main.js', [], env, MOST_MS);
    const [, origin = ''] = await program.printed(/Listening on (http:\/\/\S+)\n/);
    return new DemoServer(program, origin);
  }

  async ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(this.origin + path, {
      method,
      signal: AbortSignal.timeout(60_000),
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async stat(name: 'accepted' | 'cancelled' | 'running' | 'waiting'): Promise<number> {
    return Number((await this.ask('GET', '/stats'))[name]);
  }

  events(): Promise<EventClient> {
    return EventClient.open(this.origin);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }
}
