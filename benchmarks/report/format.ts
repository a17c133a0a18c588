import type { Metric } from '../harness/case.js';
import type { Spread } from '../harness/summary.js';

/** Three significant digits, or a whole number with separated thousands. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return '–';
  }
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A rate as a whole number, other figures with their unit. */
export function formatFigure(value: number, { unit }: Metric): string {
  if (unit === 'tasks/s') {
    return Math.round(value).toLocaleString('en');
  }
  return `${formatNumber(value)} ${unit}`;
}

/** The least and the most of all rounds. */
export function formatRange({ min, max }: Spread, metric: Metric): string {
  return metric.unit === 'tasks/s'
    ? `${formatFigure(min, metric)}–${formatFigure(max, metric)}`
    : `${formatNumber(min)}–${formatNumber(max)}`;
}

/** A ratio: how many times better. */
export function formatRatio({ median }: Spread): string {
  return `${formatNumber(median)}×`;
}
