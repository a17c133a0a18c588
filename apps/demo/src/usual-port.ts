import { once } from 'node:events';
import { createServer } from 'node:net';

const USUAL_PORT = 3_000;

/** Where to listen when nobody says where: 3000, or 0 for any that is free if that is taken. */
export async function usualPort(host: string): Promise<number> {
  // Tried before Nest does, which would log its failure as an error.
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
