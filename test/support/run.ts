import { spawn } from 'node:child_process';

/** Where and how long a program may run. */
export interface RunLimits {
  readonly cwd: string;
  /** The program is killed after this time, and the run counts as failed. */
  readonly limitMs: number;
  /** Whether the run also counts as failed if the program writes to its standard error. */
  readonly isSilent?: boolean;
  /** More variables of its environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** An environment without the variables of the test runner. */
export function ownEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
  return { ...Object.fromEntries(inherited), NODE_OPTIONS: '', NODE_ENV: '', ...more };
}

/**
 * Runs a program until it exits by itself.
 * @returns its standard output
 * @throws Error with all its output, if it fails, does not exit in time, or says what it must not
 */
export function runToEnd(
  command: string,
  args: readonly string[],
  { cwd, limitMs, isSilent = false, env }: RunLimits,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: ownEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const complains = isSilent && errors !== '';
      if (code === 0 && !complains) {
        resolve(output);
        return;
      }
      const end = complains
        ? 'wrote to its standard error'
        : isLate
          ? `did not exit within ${limitMs} ms`
          : `ended with ${code ?? signal}`;
      const text = [command, ...args].join(' ');
      reject(new Error(`${text}\n${end}.\n--- stdout\n${output}\n--- stderr\n${errors}`));
    });
  });
}
