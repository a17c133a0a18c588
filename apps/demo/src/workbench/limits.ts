/** What the server takes, whatever a page says. */
export const LIMITS = {
  /** Of a file. */
  bytes: 12 * 1_048_576,
  /** Width times height: what a file of a few kilobytes can claim, and then wants memory for. */
  pixels: 24_000_000,
  /** Pictures that wait or are worked on. */
  inFlight: 24,
  /** Pictures on the shelf; the oldest that are done make room. */
  kept: 48,
  /** Of the resized picture, in pixels. */
  width: 2_000,
} as const;
