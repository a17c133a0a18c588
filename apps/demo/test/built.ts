import { pathToFileURL } from 'node:url';
import { builtFile } from './program.js';

/*
 * The demo as it is built, since its workers load the built files: the same classes must be registered
 * here. By computed names, so that types come from the sources and need no build.
 */
export const { AppModule } = await load<typeof import('../src/app.module.js')>('app.module.js');
export const { configureApp } =
  await load<typeof import('../src/configure-app.js')>('configure-app.js');
export const { SumsTasks } =
  await load<typeof import('../src/sums/sums.tasks.js')>('sums/sums.tasks.js');
export const { readCliOptions } =
  await load<typeof import('../src/terminal/cli-options.js')>('terminal/cli-options.js');
export const { Terminal } =
  await load<typeof import('../src/terminal/terminal.js')>('terminal/terminal.js');

async function load<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(builtFile(file)).href)) as T;
}
