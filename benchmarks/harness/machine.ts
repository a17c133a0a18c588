import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** The machine and the versions that the figures belong to. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly os: string;
  readonly node: string;
  readonly date: string;
  readonly commit: string;
  /** The load of the minute before the first measurement. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = ['nestjs-asyncermp', 'piscina', 'tinypool', 'workerpool', 'poolifier'] as const;

/** Describes this machine and the installed versions. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions: Object.fromEntries(
      [...PACKAGES, 'jest-worker', '@nestjs/core'].map((name) => [name, versionOf(name)]),
    ),
  };
}

function versionOf(name: string): string {
  const file = new URL(`../../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', ['--no-optional-locks', ...args], { encoding: 'utf8' }).trim();
    const isDirty = git('status', '--porcelain', '--', 'libs/asyncermp/src') !== '';
    return git('rev-parse', '--short', 'HEAD') + (isDirty ? ', with changes' : '');
  } catch {
    return 'unknown';
  }
}
