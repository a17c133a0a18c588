import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** As much of a Redis as a queue that never gets a job talks to. */
export class EmptyRedis {
  /** How many connections there have been. */
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  /** @returns its port on the loopback address */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      for (let command = firstCommand(received); command; command = firstCommand(received)) {
        received = received.slice(command.length);
        socket.write(answerTo(command.name));
      }
    });
  }
}

/** The name of the command at the start of the text, and its length: an array of strings with their lengths. */
function firstCommand(text: string): { name: string; length: number } | undefined {
  const [head = '', count = '0'] = /^\*(\d+)\r\n/.exec(text) ?? [];
  let name = '';
  let end = head.length;
  for (let left = Number(count); left > 0; left -= 1) {
    const [sizeLine, size] = /^\$(\d+)\r\n/.exec(text.slice(end, end + 20)) ?? [];
    if (sizeLine === undefined) {
      return undefined;
    }
    const start = end + sizeLine.length;
    name ||= text.slice(start, start + Number(size)).toLowerCase();
    end = start + Number(size) + 2;
  }
  return head === '' || text.length < end ? undefined : { name, length: end };
}

function answerTo(command: string): string {
  switch (command) {
    case 'info':
      return bulk('redis_version:7.4.0\r\nmaxmemory_policy:noeviction\r\n');
    // Waits for a job, and there is none.
    case 'bzpopmin':
      return '';
    case 'eval':
    case 'evalsha':
      return '*0\r\n';
    default:
      return '+OK\r\n';
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
