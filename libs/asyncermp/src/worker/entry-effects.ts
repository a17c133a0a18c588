import { EventEmitter } from 'node:events';
import { clusterModule } from '../protocol/cluster.js';
import { threadState } from '../protocol/thread-state.js';
import type { NestFactoryGuard } from './nest-factory.guard.js';

const current = threadState('entry-effects:1', (): { guard?: NestFactoryGuard } => ({}));

/**
 * An entry file may open a port or fork a cluster before it creates the application, or beside it. In a
 * worker, code of the application that runs because its file is imported does neither, and finds itself in the
 * same part of a cluster as the application: by itself, a thread takes itself for the primary process. Code that
 * runs later, a handler's say, is not concerned.
 *
 * @param clusterWorker - The number of the cluster's child that the application is; undefined if it is none.
 */
export function holdBackEntryEffects(
  guard: NestFactoryGuard,
  clusterWorker: number | undefined,
): void {
  const isFirst = current.guard === undefined;
  current.guard = guard;
  if (!isFirst) {
    return;
  }
  const isImporting = (): boolean => current.guard?.isImporting === true;
  // Not by an import, for the same reason as `clusterModule()`.
  const { Server } = process.getBuiltinModule('node:net');
  // eslint-disable-next-line typescript/unbound-method -- called on each server
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: InstanceType<typeof Server>, ...args: unknown[]) {
    return isImporting() ? this : (Reflect.apply(listen, this, args) as typeof this);
  } as typeof listen;
  const cluster = clusterModule();
  const fork = cluster.fork.bind(cluster);
  cluster.fork = (env) =>
    isImporting() ? (new EventEmitter() as ReturnType<typeof fork>) : fork(env);
  if (clusterWorker === undefined) {
    return;
  }
  const inCluster = {
    isPrimary: () => !isImporting(),
    isMaster: () => !isImporting(),
    isWorker: isImporting,
    worker: () => (isImporting() ? { id: clusterWorker } : undefined),
  };
  for (const [name, get] of Object.entries(inCluster)) {
    Object.defineProperty(cluster, name, { get, configurable: true, enumerable: true });
  }
}
