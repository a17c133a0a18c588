export { clsContext, type ClsContextOptions } from './cls-context.js';
