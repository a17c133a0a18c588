import { Catch, HttpStatus, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import {
  AsyncerMpError,
  ConfigurationError,
  DuplicateTaskError,
  QueueFullError,
  ShutdownError,
  TaskCancelledError,
  TaskSerializationError,
  TaskTimeoutError,
} from 'nestjs-asyncermp';
import { viewOfError } from './task-view.js';

/** Seconds until a client should try again: the demo completes some tasks each second. */
const RETRY_AFTER_SECONDS = 1;

/** Answers a refused submission with the HTTP status that fits. */
@Catch(AsyncerMpError)
export class AsyncerMpErrorFilter implements ExceptionFilter<AsyncerMpError> {
  catch(error: AsyncerMpError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    // The client disconnected, which cancelled the task.
    if (response.destroyed) {
      return;
    }
    const statusCode = statusOf(error);
    if (error instanceof QueueFullError) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
    const { name, ...rest } = viewOfError(error);
    response.status(statusCode).json({ statusCode, error: name, ...rest });
  }
}

function statusOf(error: AsyncerMpError): HttpStatus {
  if (error instanceof ConfigurationError || error instanceof TaskSerializationError) {
    return HttpStatus.BAD_REQUEST;
  }
  if (error instanceof DuplicateTaskError || error instanceof TaskCancelledError) {
    return HttpStatus.CONFLICT;
  }
  if (error instanceof TaskTimeoutError) {
    return HttpStatus.GATEWAY_TIMEOUT;
  }
  if (error instanceof QueueFullError || error instanceof ShutdownError) {
    return HttpStatus.SERVICE_UNAVAILABLE;
  }
  return HttpStatus.INTERNAL_SERVER_ERROR;
}
