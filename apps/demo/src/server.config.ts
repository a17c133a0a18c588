import { availableParallelism } from 'node:os';
import { z } from 'zod';

const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const schema = z.object({
  /** The address to listen on. By default only this machine, since the demo has no accounts. */
  HOST: z.string().default('127.0.0.1'),
  /** The names under which it is reached, with commas between, if it listens on more than this machine. */
  ALLOWED_HOSTS: z
    .string()
    .default('')
    .transform((names) => names.split(',').flatMap((name) => name.trim() || [])),
  /** 0 for any free port. Without a value 3000, or any free port if that is taken. */
  PORT: wholeNumber(0, 65_535).exactOptional(),
  MAX_PROCESSES: wholeNumber(1, 64).default(availableParallelism()),
  /** The number of tasks that may wait. The next one gets a 503. */
  MAX_QUEUE: wholeNumber(0, 1_000_000).default(1_000),
});

export type ServerConfig = z.infer<typeof schema>;

/**
 * Reads the server's settings from the environment. An empty variable counts as absent.
 *
 * @throws Error that names the invalid variables
 */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { data, error } = schema.safeParse(given);
  if (data) {
    return data;
  }
  throw new Error(`The environment does not do:\n${z.prettifyError(error)}`);
}
