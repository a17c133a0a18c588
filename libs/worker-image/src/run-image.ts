import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type {
  ImageIndex,
  ImageModule,
  ModuleFunction,
  Namespace,
  ImageMemory,
} from './image-format.js';
import { Linker } from './linker.js';
import { importFrom, registerModules } from './node-loader.js';

/** An image in the thread that runs it. */
export interface RunningImage {
  /**
   * The exports of the module.
   *
   * @throws RangeError if the image has no such file
   */
  namespace(file: string): Namespace;
  /** The stack of an error, with the positions in the script replaced by those in the modules' files. */
  readonly originalFrames: (stack: string) => string;
  /** Whether V8 had to compile the script: there was no code cache, or it was made by another V8. */
  readonly wasCompiled: boolean;
  /** Everything that V8 has compiled of the script so far. */
  codeCache(): ArrayBuffer;
}

/**
 * Runs the script of the image, and registers its modules with Node. To be called before any of them is
 * imported in this thread.
 *
 * @param entries - The modules that are evaluated at once, with all that they import.
 * @param scriptName - The path under which debuggers show the script; there is no such file.
 * @param makesCodeCache - Whether `codeCache()` will be called: the code of all modules is kept until then.
 * @throws what V8 or a module throws
 */
export function runImage(
  { script: text, index, codeCache }: ImageMemory,
  entries: readonly string[],
  scriptName: string,
  makesCodeCache: boolean,
): RunningImage {
  const modules = JSON.parse(Buffer.from(index).toString()) as ImageIndex;
  const script = new Script(Buffer.from(text).toString('latin1'), {
    filename: scriptName,
    ...(codeCache && { cachedData: Buffer.from(codeCache) }),
  });
  const functions = script.runInThisContext() as ModuleFunction[];
  const wasCompiled = codeCache === undefined || script.cachedDataRejected === true;
  // The linker lets go of a function that has run, but the code cache is to have the code of all.
  const kept = makesCodeCache ? [...functions] : [];
  const linker = new Linker(modules, functions, importFrom);
  const namespace = (file: string): Namespace => {
    const number = linker.find(file);
    if (number === undefined) {
      throw new RangeError(`The image has no ${file}`);
    }
    return linker.namespace(number);
  };
  registerModules(modules, linker, () => entries.forEach(namespace));
  return {
    namespace,
    originalFrames: (stack) => originalFrames(stack, scriptName, modules),
    wasCompiled,
    codeCache: () => {
      const data = script.createCachedData();
      kept.length = 0;
      const memory = new ArrayBuffer(data.length);
      new Uint8Array(memory).set(data);
      return memory;
    },
  };
}

/** Every line of a module is a line of the script; only on its first line the columns differ. */
function originalFrames(stack: string, script: string, modules: readonly ImageModule[]): string {
  if (!stack.includes(script)) {
    return stack;
  }
  return stack
    .split('\n')
    .map((frame) => {
      const start = frame.indexOf(script);
      const end = start + script.length;
      const [position, line = '', column = ''] =
        (start >= 0 && /^:(\d+):(\d+)/.exec(frame.slice(end))) || [];
      return position === undefined
        ? frame
        : frame.slice(0, start) +
            originalPosition(modules, Number(line), Number(column)) +
            frame.slice(end + position.length);
    })
    .join('\n');
}

function originalPosition(modules: readonly ImageModule[], line: number, column: number): string {
  const module = modules.findLast((each) => each.line <= line);
  if (module === undefined) {
    return `${line}:${column}`;
  }
  const name = module.format === 'module' ? pathToFileURL(module.file).href : module.file;
  const isFirstLine = module.line === line;
  return `${name}:${line - module.line + 1}:${isFirstLine ? Math.max(1, column - module.column) : column}`;
}
