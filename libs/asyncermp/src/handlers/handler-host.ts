import type { Type } from '@nestjs/common';
import type { HandlerDefinition } from '../registry/handler.js';
import type { ProviderWrapper } from './provider-wrapper.js';

/** A provider or controller of the application with handlers. */
export interface HandlerHost {
  readonly wrapper: ProviderWrapper;
  readonly target: Type<object>;
  readonly handlers: readonly HandlerDefinition[];
}
