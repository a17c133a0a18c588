import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable } from 'rxjs';
import type { TaskInterceptor } from '../../contract/interceptor.js';
import { addInterceptor } from '../../worker/interceptors.js';

/** Fastify's reply wraps Node's response, Express's response is Node's response itself. */
type AnyResponse = ServerResponse & { readonly raw?: ServerResponse };

/**
 * Cancels the tasks of a request when its client disconnects before the answer is complete: tasks that the
 * route's handler submits, and tasks that the code called from there submits. The reason is the text
 * `'The client disconnected'`. Works with Express and Fastify, and changes nothing in other contexts.
 *
 * @example
 * ```ts
 * @UseInterceptors(CancelOnDisconnectInterceptor)
 * @Get('tiles/:z/:x/:y')
 * tile(@Param() position: TilePosition) {
 *   return this.renderer.render(position);
 * }
 * ```
 */
@Injectable()
export class CancelOnDisconnectInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') {
      return next.handle();
    }
    const given = context.switchToHttp().getResponse<AnyResponse>();
    const response = given.raw ?? given;
    return new Observable((subscriber) => {
      const controller = new AbortController();
      const onClose = (): void => {
        if (!response.writableFinished) {
          controller.abort('The client disconnected');
        }
      };
      // Not when the observable completes: an answer such as a stream can take longer.
      response.once('close', onClose);
      if (response.destroyed) {
        onClose();
      }
      return runInScope(controller.signal, () => next.handle().subscribe(subscriber));
    });
  }
}

const scopes = new AsyncLocalStorage<AbortSignal>();

/** Adds the signal of the scope around a submission to its task. */
const cancelScope: TaskInterceptor = {
  submit(input, next) {
    const signal = scopes.getStore();
    return next(signal ? { ...input, signals: [...(input.signals ?? []), signal] } : input);
  },
};
let isAdded = false;

/** Calls `run`: the tasks that it and what it awaits submit are cancelled when the signal is aborted. */
function runInScope<T>(signal: AbortSignal, run: () => T): T {
  if (!isAdded) {
    // Only now, since submissions without interceptors cost less, and most applications open no scope.
    isAdded = true;
    addInterceptor(cancelScope);
  }
  return scopes.run(signal, run);
}
