/** The limits that the server enforces, whatever the page allows. */
export const LIMITS = {
  /** Size of a file. */
  bytes: 12 * 1_048_576,
  /** Width times height: a file of a few kilobytes can claim any size, and unpacking takes the memory. */
  pixels: 24_000_000,
  /** Pictures in flight. */
  inFlight: 24,
  /** Pictures on the shelf. The oldest finished one makes room. */
  kept: 48,
  /** Width of the resized picture, in pixels. */
  width: 2_000,
} as const;
