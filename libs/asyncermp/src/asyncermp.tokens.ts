import type { ResolvedOptions } from './asyncermp.options.js';
import type { HandlerExplorer } from './handlers/handler.explorer.js';
import type { LaneFactory } from './pools/lane.js';
import type { Task } from './scheduling/task.js';

/** Makes the lanes of an application's pool. */
export type MakeLanes = (options: ResolvedOptions, explorer: HandlerExplorer) => LaneFactory<Task>;

/** The module's options, checked and complete. */
export const OPTIONS_TOKEN = Symbol('nestjs-asyncermp:options');

/** A {@link MakeLanes}. */
export const LANE_FACTORY_TOKEN = Symbol('nestjs-asyncermp:lane-factory');
