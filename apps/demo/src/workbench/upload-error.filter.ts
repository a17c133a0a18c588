import {
  Catch,
  PayloadTooLargeException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Response } from 'express';
import { LIMITS } from './limits.js';

/** Adds the limit to the answer: Multer's error only says that the file is too large. */
@Catch(PayloadTooLargeException)
export class UploadErrorFilter implements ExceptionFilter<PayloadTooLargeException> {
  catch(_error: PayloadTooLargeException, host: ArgumentsHost): void {
    const message = `This file is too large: up to ${LIMITS.bytes / 1_048_576} MB are taken`;
    host.switchToHttp().getResponse<Response>().status(413).json({ statusCode: 413, message });
  }
}
