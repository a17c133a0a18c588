import type { TaskInterceptor } from '../contract/interceptor.js';
import { threadState } from '../protocol/thread-state.js';

const registered = threadState<TaskInterceptor[]>('interceptors:1', () => []);

/** Adds an interceptor of this thread: for submissions of every application in it, and for attempts that run in it. */
export function addInterceptor(interceptor: TaskInterceptor): void {
  registered.push(interceptor);
}

/** The interceptors of this thread, the outermost first. The array grows with those that are added. */
export function threadInterceptors(): readonly TaskInterceptor[] {
  return registered;
}
