import { z } from 'zod';

/** Options that a client may set for its task. */
const options = {
  /** A task with a higher one runs first. */
  priority: z.number().exactOptional(),
  /** The longest that the task may run, in milliseconds. */
  timeout: z.number().positive().max(600_000).exactOptional(),
  /** The task's name, by which clients find and cancel it. */
  uid: z.string().min(1).max(200).exactOptional(),
};

/** The body of `POST /tasks`. */
export const submitTaskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sum'), n: z.int().min(0).max(1_000_000_000), ...options }),
  z.strictObject({ kind: z.literal('render'), markdown: z.string().max(500_000), ...options }),
]);

export type SubmitTask = z.infer<typeof submitTaskSchema>;
