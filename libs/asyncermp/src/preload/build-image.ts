import { circlesOf } from './circles.js';
import { shared, type ImageIndex, type ModuleImage } from './module-image.js';
import { readModuleGraph, type GraphModule } from './module-graph.js';

/**
 * Makes an image of the files, and of what they import.
 *
 * @param entries Absolute paths.
 * @param ownDirectory Of a package of which nobody can import anything but the first entry.
 * @throws UnsupportedModuleError for a file that an image cannot hold
 */
export function buildImage(entries: readonly string[], ownDirectory?: string): ModuleImage {
  const modules = readModuleGraph(entries);
  const circles = circlesOf(modules, importedBy);
  const texts: string[] = [];
  let line = 1;
  const index: ImageIndex = {
    modules: modules.map((module) => {
      const { file, format, isEmpty, dependencies, exports, importCount, stars } = module;
      const circle = format === 'module' ? circles.get(module) : undefined;
      const inCircle = circle === undefined ? undefined : module.circularText;
      const { head, body } = inCircle ?? module.text;
      const text = `${head}${body},\n`;
      texts.push(text);
      const isOwn = ownDirectory !== undefined && file.startsWith(ownDirectory);
      const first = line;
      line += text.split('\n').length - 1;
      return {
        file,
        format,
        dependencies: [...dependencies].map(([specifier, found]) => [
          specifier,
          typeof found === 'string' ? found : found.number,
        ]),
        stars,
        ...(circle !== undefined && { circle: { number: circle, exports, importCount } }),
        isPrivate: (isOwn && file !== entries[0]) || isEmpty,
        line: first,
        column: head.length + (first === 1 ? OPEN.length : 0),
      };
    }),
  };
  const script = `${OPEN}${texts.join('')}]`.replace(BEYOND_LATIN1, escaped);
  return {
    script: shared(Buffer.from(script, 'latin1')),
    index: shared(Buffer.from(JSON.stringify(index))),
    codeCache: undefined,
  };
}

const OPEN = '[';

function importedBy({ dependencies }: GraphModule): GraphModule[] {
  return [...dependencies.values()].filter((found) => typeof found !== 'string');
}

/** V8 keeps a script twice as large that has a single one of these. */
const BEYOND_LATIN1 = /[^\0-\xff]/g;

/** The same in a string, in a regular expression and in a name; a comment may say it in any way. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
