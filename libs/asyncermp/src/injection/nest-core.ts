import {
  ApplicationConfig,
  ExternalContextCreator,
  HttpAdapterHost,
  INQUIRER,
  LazyModuleLoader,
  ModuleRef,
  ModulesContainer,
  NestFactory,
  Reflector,
  SerializedGraph,
} from '@nestjs/core';
import { threadState } from './thread-state.js';

/** What a worker uses of one copy of `@nestjs/core`. */
export interface NestCore {
  readonly NestFactory: typeof NestFactory;
  /** What Nest provides by itself in every application context. */
  readonly tokens: ReadonlySet<unknown>;
}

/** The copy of `@nestjs/core` that this copy of the library, and so the application around it, uses. */
export const nestCore: NestCore = {
  NestFactory,
  tokens: new Set<unknown>([
    ApplicationConfig,
    ExternalContextCreator,
    HttpAdapterHost,
    INQUIRER,
    LazyModuleLoader,
    ModuleRef,
    ModulesContainer,
    Reflector,
    Reflector.name,
    SerializedGraph,
  ]),
};

const state = threadState('nest-cores:1', () => ({
  cores: new Set<NestCore>(),
  listeners: new Set<(core: NestCore) => void>(),
}));

/**
 * Makes this copy known in the thread. A bundle that holds Nest and this library has a copy which
 * nobody can import from outside, so it has to come forward by itself, before its entry code boots.
 */
export function announceNestCore(): void {
  if (state.cores.has(nestCore)) {
    return;
  }
  state.cores.add(nestCore);
  for (const listener of state.listeners) {
    listener(nestCore);
  }
}

/** Calls the listener for every copy that is known, and for each that becomes known. */
export function onNestCore(listener: (core: NestCore) => void): void {
  state.listeners.add(listener);
  for (const core of state.cores) {
    listener(core);
  }
}
