import { z } from 'zod';

/** What a client may say about how its task is run. */
const options = {
  /** Higher is taken first. */
  priority: z.number().exactOptional(),
  /** The longest that the task may run, in milliseconds. */
  timeout: z.number().positive().max(600_000).exactOptional(),
  /** The task's name, which is how it is asked for. */
  uid: z.string().min(1).max(200).exactOptional(),
};

/** The body of `POST /tasks`. */
export const submitTaskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sum'), n: z.int().min(0).max(1_000_000_000), ...options }),
  z.strictObject({ kind: z.literal('render'), markdown: z.string().max(500_000), ...options }),
]);

export type SubmitTask = z.infer<typeof submitTaskSchema>;
