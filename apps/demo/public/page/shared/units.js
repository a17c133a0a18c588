const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fixed = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** `3.2 ms`, `180 ms`, `2.4 s` */
export function durationText(ms) {
  if (ms === undefined || ms === null) {
    return '–';
  }
  if (ms < 10) {
    return `${fixed.format(ms)} ms`;
  }
  if (ms < 1_000) {
    return `${whole.format(ms)} ms`;
  }
  return `${fixed.format(ms / 1_000)} s`;
}

/** `1 tile`, `1,200 tiles` */
export function countText(count, thing) {
  return `${whole.format(count)} ${thing}${count === 1 ? '' : 's'}`;
}
