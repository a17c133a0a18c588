import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { Document } from './support/document.js';
import { repository } from './support/tarball.js';

const documents = ['.', 'docs', 'apps/demo', 'benchmarks']
  .flatMap((folder) => readdirSync(join(repository, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'))
  .map((path) => new Document(path));

it.each(documents.map((document) => [document.path, document] as const))(
  '%s links to files and headings that exist',
  (_path, document) => {
    expect(document.links.filter((link) => !exists(link, document))).toEqual([]);
  },
);

function exists(link: string, from: Document): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from.path : join(dirname(from.path), path);
  if (!existsSync(join(repository, target))) {
    return false;
  }
  return anchor === undefined || new Document(target).anchors.has(anchor);
}
