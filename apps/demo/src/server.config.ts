import { availableParallelism } from 'node:os';
import { z } from 'zod';

const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const schema = z.object({
  /** Where to listen. The demo has no accounts, so it is for this machine unless told otherwise. */
  HOST: z.string().default('127.0.0.1'),
  /** 0 for any that is free. Without one, 3000, or any if that is taken. */
  PORT: wholeNumber(0, 65_535).exactOptional(),
  MAX_PROCESSES: wholeNumber(1, 64).default(availableParallelism()),
  /** Tasks that may wait; the next one gets a 503. */
  MAX_QUEUE: wholeNumber(0, 1_000_000).default(1_000),
});

export type ServerConfig = z.infer<typeof schema>;

/**
 * What the environment says about the server. An empty variable counts as absent.
 * @throws Error that names the variables that are wrong
 */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { data, error } = schema.safeParse(given);
  if (data) {
    return data;
  }
  throw new Error(`The environment does not do:\n${z.prettifyError(error)}`);
}
