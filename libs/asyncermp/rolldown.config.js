import { fileURLToPath } from 'node:url';

// The package worker-image is not published: these two files, the only ones that import it, get their part of it.
const common = {
  platform: 'node',
  resolve: {
    extensionAlias: { '.js': ['.ts'] },
    alias: {
      'worker-image/run': workerImage('run-image.ts'),
      'worker-image': workerImage('worker-image.ts'),
    },
  },
  logLevel: 'silent',
};

export default [
  {
    ...common,
    input: 'src/worker/entry.ts',
    // It replaces the compiler's output. A thread loads this file before the image, and Node takes longer to find
    // ten files than to run them, so it is one file.
    output: { file: 'dist/worker/entry.js', format: 'esm', sourcemap: true },
    // For workers without an image. It is imported when it is needed, and is the copy that such a worker has.
    external: './serve-lease.js',
  },
  {
    ...common,
    input: 'src/pool/channels/worker-image.ts',
    output: { file: 'dist/pool/channels/worker-image.js', format: 'esm', sourcemap: true },
    external: ['es-module-lexer', /^\.\.\/\.\.\//],
  },
];

function workerImage(file) {
  return fileURLToPath(new URL(`../worker-image/src/${file}`, import.meta.url));
}
