/** Options of Node that have other code see, change or find what is loaded: it would not see an image. */
const HOOKS = /^(?:-r|--require|--import|--loader|--experimental-loader|--experimental-policy)$/;

/** Options that change which file is found. */
const RESOLUTION = /^(?:-C|--conditions|--preserve-symlinks)$/;

/** Only keeps Node from warning of what vitest uses. */
const HARMLESS = /[\\/]vitest[\\/]suppress-warnings\.cjs$/;

/**
 * Whether the workers' modules are loaded by Node alone, and found as the application's are.
 *
 * @param execArgv Node's options for the workers; undefined where they get the application's.
 * @param env The workers' environment.
 */
export function loadsPlainly(
  execArgv: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const words = [...(execArgv ?? process.execArgv), ...(env['NODE_OPTIONS']?.split(/\s+/) ?? [])];
  // `--option=value` and `--option value` are the same.
  const options = words.flatMap((word) => (word.startsWith('-') ? splitOnce(word, '=') : [word]));
  return options.every((option, at) => {
    if (RESOLUTION.test(option)) return execArgv === undefined;
    return !HOOKS.test(option) || HARMLESS.test(options[at + 1] ?? '');
  });
}

function splitOnce(word: string, separator: string): string[] {
  const at = word.indexOf(separator);
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
