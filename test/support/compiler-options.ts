/** What a new application of the Nest CLI compiles with. */
export const compilerOptions = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  esModuleInterop: true,
  isolatedModules: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  rootDir: './src',
  skipLibCheck: true,
  strict: true,
  types: ['node'],
};
