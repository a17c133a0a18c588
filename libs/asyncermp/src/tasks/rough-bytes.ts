/** Deeper than this nothing is looked for: a result with its buffers in a list in a property is seen. */
const MAX_DEPTH = 3;
/** Of long lists the first ones stand for all. */
const SAMPLE = 32;
const PER_VALUE = 8;

/**
 * About how many bytes a value keeps from being freed. Meant for telling results that weigh megabytes
 * from those that do not, in less than a microsecond: buffers and long strings count, wherever results
 * commonly have them.
 */
export function roughBytes(value: unknown, depth = 0): number {
  if (typeof value === 'string') {
    return value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return PER_VALUE;
  }
  if (ArrayBuffer.isView(value)) {
    return value.buffer.byteLength;
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return value.byteLength;
  }
  if (depth === MAX_DEPTH) {
    return PER_VALUE;
  }
  if (Array.isArray(value)) {
    return ofMany(value, value.length, depth);
  }
  if (value instanceof Map || value instanceof Set) {
    return ofMany(value.values(), value.size, depth);
  }
  let bytes = 0;
  for (const key in value) {
    bytes += roughBytes((value as Record<string, unknown>)[key], depth + 1);
  }
  return bytes;
}

function ofMany(values: Iterable<unknown>, count: number, depth: number): number {
  let bytes = 0;
  let looked = 0;
  for (const value of values) {
    if (looked === SAMPLE) {
      return (bytes / SAMPLE) * count;
    }
    bytes += roughBytes(value, depth + 1);
    looked++;
  }
  return bytes;
}
