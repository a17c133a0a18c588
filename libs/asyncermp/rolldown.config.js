// What a thread loads before the image is made one file: it takes Node longer to find ten files than to run them.
export default {
  input: 'src/worker/entry.ts',
  // In the place of what the compiler made of the entry alone.
  output: { file: 'dist/worker/entry.js', format: 'esm', sourcemap: true },
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts'] } },
  // For workers without an image. It is imported when it is needed, and is the copy that such a worker has.
  external: './serve-lease.js',
  logLevel: 'silent',
};
