export { ContoursModule } from './contours.module.js';
export { ContoursService } from './contours.service.js';
