export { AreaService, type Answer } from './area.service.js';
export { GeometryModule } from './geometry.module.js';
export { ShoelaceService, type Point } from './shoelace.service.js';
