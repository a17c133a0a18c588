import { Logger } from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryService,
  ExternalContextCreator,
  HttpAdapterHost,
  INQUIRER,
  LazyModuleLoader,
  MetadataScanner,
  ModuleRef,
  ModulesContainer,
  NestApplicationContext,
  NestContainer,
  NestFactory,
  Reflector,
  SerializedGraph,
} from '@nestjs/core';
import { threadState } from '../protocol/thread-state.js';

/** The parts of one copy of Nest that a worker uses. */
export interface NestCore {
  readonly ApplicationConfig: typeof ApplicationConfig;
  readonly DiscoveryService: typeof DiscoveryService;
  readonly LazyModuleLoader: typeof LazyModuleLoader;
  readonly Logger: typeof Logger;
  readonly MetadataScanner: typeof MetadataScanner;
  readonly ModuleRef: typeof ModuleRef;
  readonly NestApplicationContext: typeof NestApplicationContext;
  readonly NestContainer: typeof NestContainer;
  readonly NestFactory: typeof NestFactory;
  /** The tokens that Nest itself provides in every application context. */
  readonly tokens: ReadonlySet<unknown>;
}

/** The copy of `@nestjs/core` that this copy of the library, and so its application, imports. */
export const nestCore: NestCore = {
  ApplicationConfig,
  DiscoveryService,
  LazyModuleLoader,
  Logger,
  MetadataScanner,
  ModuleRef,
  NestApplicationContext,
  NestContainer,
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
 * Registers this copy in the thread. A bundle that contains Nest and this library has a copy that no code
 * outside of the bundle can import, so the bundle itself must register it, before its entry code boots.
 */
export function registerNestCore(): void {
  if (state.cores.has(nestCore)) {
    return;
  }
  state.cores.add(nestCore);
  for (const listener of state.listeners) {
    listener(nestCore);
  }
}

/** Calls the listener for every registered copy, and for each that is registered later. */
export function onNestCore(listener: (core: NestCore) => void): void {
  state.listeners.add(listener);
  for (const core of state.cores) {
    listener(core);
  }
}
