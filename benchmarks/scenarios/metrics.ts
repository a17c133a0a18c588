import type { Metric } from '../harness/case.js';

/** The metrics, with the keys that measurements use for their figures. */
export const rate: Metric = { key: 'rate', title: 'tasks/s', unit: 'tasks/s', better: 'higher' };
export const cpuTime: Metric = { key: 'cpu', title: 'CPU', unit: 'µs', better: 'lower' };
export const itemTime: Metric = { key: 'us', title: 'per item', unit: 'µs', better: 'lower' };
export const tripTime: Metric = { key: 'us', title: 'there and back', unit: 'µs', better: 'lower' };
export const time: Metric = { key: 'ms', title: 'time', unit: 'ms', better: 'lower' };
export const p50: Metric = { key: 'p50', title: 'p50', unit: 'µs', better: 'lower' };
export const p99: Metric = { key: 'p99', title: 'p99', unit: 'µs', better: 'lower' };
export const megabytes: Metric = {
  key: 'megabytes',
  title: 'per worker',
  unit: 'MB',
  better: 'lower',
};
export const submitTime: Metric = { key: 'us', title: 'per task', unit: 'µs', better: 'lower' };
export const bytes: Metric = {
  key: 'bytes',
  title: 'bytes per task',
  unit: 'bytes',
  better: 'lower',
};
export const held: Metric = {
  key: 'heldMs',
  title: 'main thread held at a time',
  unit: 'ms',
  better: 'lower',
};
export const settled: Metric = {
  key: 'settledMs',
  title: 'all settled',
  unit: 'ms',
  better: 'lower',
};
export const loopDelays: readonly Metric[] = [
  { key: 'delayP99', title: 'loop delay p99', unit: 'ms', better: 'lower' },
  { key: 'delayMax', title: 'loop delay max', unit: 'ms', better: 'lower' },
];
