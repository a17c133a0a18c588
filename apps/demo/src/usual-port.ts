import { once } from 'node:events';
import { createServer } from 'node:net';

const USUAL_PORT = 3_000;

/** The default port: 3000, or 0 (any free port) if that is taken. */
export async function usualPort(host: string): Promise<number> {
  // Tried here, since Nest would log a failure as an error.
  const probe = createServer();
  try {
    await once(probe.listen(USUAL_PORT, host), 'listening');
    return USUAL_PORT;
  } catch {
    return 0;
  } finally {
    probe.close();
  }
}
