const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fixed = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** `10,000,000` */
export function wholeText(value: number | bigint): string {
  return whole.format(value);
}

/** `1 page`, `1,200 pages` */
export function countText(count: number, thing: string): string {
  return `${wholeText(count)} ${thing}${count === 1 ? '' : 's'}`;
}

/** `1,234.5 ms` */
export function millisecondsText(ms: number): string {
  return `${fixed.format(ms)} ms`;
}

/** `2.35 s` */
export function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** The message of a thrown value. */
export function reasonText(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
