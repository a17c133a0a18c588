// What a thread loads before the image is made one file: it takes Node longer to find ten files than to run them.
export default {
  input: 'dist/worker/entry.js',
  output: { file: 'dist/worker/start.js', format: 'esm', sourcemap: true },
  platform: 'node',
  // For workers without an image. It is imported when it is needed, and is the copy that such a worker has.
  external: './serve-lease.js',
  logLevel: 'silent',
};
