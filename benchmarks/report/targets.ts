import { POOLS } from '../peers/index.js';
import type { Lookup } from './lookup.js';

/** The library under its own name. */
const OURS = 'nestjs-asyncermp';
const OTHERS = POOLS.filter((name) => name !== OURS);

type Condition = 'free' | 'pinned';

/** A limit that a figure should keep. */
export interface Target {
  readonly title: string;
  /** The lower or upper limit by condition. Without an entry there is no target in that condition. */
  readonly least?: Partial<Record<Condition, number>>;
  readonly most?: Partial<Record<Condition, number>>;
  readonly unit: '×' | 'ms' | 'MB' | 'bytes';
  /** The figure to compare: a median of rounds. */
  readonly measured: (results: Lookup) => number | undefined;
}

const both = (limit: number) => ({ free: limit, pinned: limit });
const perTask = { free: 5, pinned: 2.5 };

/** All targets. Absolute times hold on a machine like that of RESULTS.md. */
export const targets: readonly Target[] = [
  ...['burst', '16 in flight', '256 in flight'].map((name) => ({
    title: `tiny tasks, ${name}: times piscina`,
    least: perTask,
    unit: '×' as const,
    measured: (results: Lookup) => results.ratio(name, OURS, 'piscina')?.median,
  })),
  ...['burst', '16 in flight', '256 in flight'].map((name) => ({
    title: `tiny tasks, ${name}: times the best peer`,
    least: both(1),
    unit: '×' as const,
    measured: (results: Lookup) => {
      const ours = results.figure(name, OURS, 'rate');
      const best = results.best(name, 'rate', OTHERS);
      return ours && best && ours.median / best.figure.median;
    },
  })),
  {
    title: "map() over tiny items: times piscina's run() each",
    least: { free: 25, pinned: 10 },
    unit: '×',
    measured: (results) =>
      results.ratio('map, tiny items', `${OURS}, map()`, 'piscina, run() each')?.median,
  },
  {
    title: 'map() over items of 60 µs: times in-process',
    least: { free: 1.75 },
    unit: '×',
    measured: (results) =>
      results.ratio('map, items of 60 µs', `${OURS}, map()`, 'in-process')?.median,
  },
  {
    title: "one at a time, p50: a multiple of piscina's",
    most: { free: 1, pinned: 1.15 },
    unit: '×',
    measured: (results) => inverse(results.ratio('one at a time', OURS, 'piscina')?.median),
  },
  {
    title: 'CPU-bound, 2 workers: share of what two bare threads do',
    least: { free: 0.98 },
    unit: '×',
    measured: (results) => results.ratio('8 × 300 ms, 2 workers', OURS, 'two bare threads')?.median,
  },
  delay('p99', 'delayP99', 1.5),
  delay('max', 'delayMax', 8),
  {
    title: 'bytes per waiting task, of 1,000,000',
    most: both(450),
    unit: 'bytes',
    measured: (results) => results.figure('1,000,000 waiting', OURS, 'bytes')?.median,
  },
  {
    title: 'time per waiting task: 1,000,000 against 10,000 (flat)',
    most: both(1.5),
    unit: '×',
    measured: (results) => {
      const many = results.figure('1,000,000 waiting', OURS, 'us');
      const few = results.figure('10,000 waiting', OURS, 'us');
      return many && few && many.median / few.median;
    },
  },
  ...['one signal', 'handles'].map((way) => ({
    title: `cancelling 100,000 waiting, ${way}: main thread held at a time`,
    most: both(100),
    unit: 'ms' as const,
    measured: (results: Lookup) =>
      results.figure('cancelling 100,000 waiting', `${OURS}, ${way}`, 'heldMs')?.median,
  })),
  cold('first result', 100),
  cold('first results of two workers at once', 130),
  memoryOf('memory of a worker', 'memory per worker with injection, just started'),
  memoryOf('memory of a worker at rest', 'memory per worker with injection, at rest'),
  {
    title: 'pool whole again after a stuck worker, without a spare',
    most: { free: 100 },
    unit: 'ms',
    measured: (results) => results.figure('pool whole again', OURS, 'ms')?.median,
  },
  {
    title: 'pool whole again after a stuck worker, with a spare',
    most: { free: 5 },
    unit: 'ms',
    measured: (results) =>
      results.figure('pool whole again', `${OURS}, with a spare`, 'ms')?.median,
  },
  {
    title: "64 MB transferred there and back: a multiple of piscina's",
    most: both(1.1),
    unit: '×',
    measured: (results) => inverse(results.ratio('64 MB transferred', OURS, 'piscina')?.median),
  },
];

function delay(title: string, metric: string, mostMs: number): Target {
  return {
    title: `event-loop delay under that load, ${title}`,
    most: { free: mostMs },
    unit: 'ms',
    measured: (results) => results.figure('8 × 300 ms, 2 workers', OURS, metric)?.median,
  };
}

function cold(name: string, mostMs: number): Target {
  return {
    title: name,
    most: { free: mostMs },
    unit: 'ms',
    measured: (results) => results.figure(name, OURS, 'ms')?.median,
  };
}

function memoryOf(name: string, title: string): Target {
  return {
    title,
    most: { free: 16 },
    unit: 'MB',
    measured: (results) => results.figure(name, OURS, 'megabytes')?.median,
  };
}

function inverse(ratio: number | undefined): number | undefined {
  return ratio === undefined ? undefined : 1 / ratio;
}
