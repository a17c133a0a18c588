import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The Markdown files below a folder, sorted. Paths are relative to it, with forward slashes. */
export async function documentsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && entry.name.toLowerCase().endsWith('.md'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

/** The READMEs and changelogs among documents. */
export function readmesAndChangelogs(documents: readonly string[]): readonly string[] {
  return documents.filter((file) => /(?:^|\/)(?:readme|changelog|history)[^/]*$/i.test(file));
}

/** The `node_modules` of the folder, or of the nearest folder above that has one. */
export function installedPackages(folder: string): string | undefined {
  const candidate = join(folder, 'node_modules');
  if (existsSync(candidate)) {
    return candidate;
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : installedPackages(parent);
}
