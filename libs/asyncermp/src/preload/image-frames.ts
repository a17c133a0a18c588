import { pathToFileURL } from 'node:url';
import type { ImageModule } from './module-image.js';

/**
 * Tells positions in the script of an image by the files of its modules. Lines are those of the files;
 * of columns only those on a module's first line differ.
 *
 * @param script The name of the script.
 */
export function imageFrames(
  script: string,
  modules: readonly ImageModule[],
): (stack: string) => string {
  return (stack) => {
    if (!stack.includes(script)) {
      return stack;
    }
    return stack
      .split('\n')
      .map((frame) => {
        const start = frame.indexOf(script);
        if (start < 0) {
          return frame;
        }
        const [position, line = '', column = ''] =
          /^:(\d+):(\d+)/.exec(frame.slice(start + script.length)) ?? [];
        if (position === undefined) {
          return frame;
        }
        const original = originalPosition(modules, Number(line), Number(column));
        return (
          frame.slice(0, start) + original + frame.slice(start + script.length + position.length)
        );
      })
      .join('\n');
  };
}

function originalPosition(modules: readonly ImageModule[], line: number, column: number): string {
  const found = modules.findLast((module) => module.line <= line);
  if (found === undefined) {
    return `${line}:${column}`;
  }
  const name = found.format === 'module' ? pathToFileURL(found.file).href : found.file;
  const first = found.line === line;
  return `${name}:${line - found.line + 1}:${first ? Math.max(1, column - found.column) : column}`;
}
