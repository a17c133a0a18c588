import ts from 'typescript';

/** What a declaration file exports, and what of it has no documentation. */
export interface ExportedSymbols {
  readonly exported: readonly string[];
  readonly undocumented: readonly string[];
}

/** Reads a declaration file as an editor would. */
export function exportedSymbols(file: string): ExportedSymbols {
  const { checker, symbols } = load(file);
  return {
    exported: [...symbols.keys()],
    undocumented: [...symbols]
      .filter(([, symbol]) => symbol.getDocumentationComment(checker).length === 0)
      .map(([name]) => name),
  };
}

/** The names of the properties of a type that the file exports, inherited ones included. */
export function propertiesOf(file: string, type: string): string[] {
  const { checker, symbols } = load(file);
  const symbol = symbols.get(type);
  if (!symbol) {
    throw new Error(`${file} exports no ${type}`);
  }
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .map(({ name }) => name);
}

interface Loaded {
  readonly checker: ts.TypeChecker;
  readonly symbols: ReadonlyMap<string, ts.Symbol>;
}

/** Reading one takes a second. */
const loaded = new Map<string, Loaded>();

function load(file: string): Loaded {
  const known = loaded.get(file) ?? read(file);
  loaded.set(file, known);
  return known;
}

function read(file: string): Loaded {
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) {
    throw new Error(`${file} is no module`);
  }
  const symbols = new Map<string, ts.Symbol>();
  for (const symbol of checker.getExportsOfModule(module)) {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    symbols.set(symbol.name, isAlias ? checker.getAliasedSymbol(symbol) : symbol);
  }
  return { checker, symbols };
}
