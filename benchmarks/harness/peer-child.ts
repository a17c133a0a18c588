import { inspect } from 'node:util';
import type { Measurement } from '../measurements/figures.js';
import { measurements } from '../measurements/index.js';
import type { PeerName } from '../peers/index.js';
import type { StartOptions } from '../peers/pool.js';
import type { Answer, Order } from './peer-process.js';
import { PeerUnderTest } from './peer-under-test.js';

// The process of one peer, which runs the measurements that it is asked for.

const [name, options] = process.argv.slice(2) as [PeerName, string];
const peer = new PeerUnderTest(name, JSON.parse(options) as StartOptions);

process.on('message', (order: Order) => {
  void obey(order);
});
process.on('disconnect', () => process.exit());

async function obey(order: Order): Promise<void> {
  if ('end' in order) {
    await peer.end().catch((error: unknown) => console.error(`${name}: ${inspect(error)}`));
    process.exit();
  }
  const measure = measurements[order.measure] as Measurement<unknown>;
  const answer: Answer = await measure(peer, order.params).then(
    (figures) => ({ figures }),
    (error: unknown) => ({ error: inspect(error) }),
  );
  process.send?.(answer);
}
