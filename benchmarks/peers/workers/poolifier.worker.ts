import { ThreadWorker } from 'poolifier';
import { work } from '../../work/work.js';
import type { Outcome } from '../pool.js';

export default new ThreadWorker<number, Outcome>((steps?: number) => work(steps ?? 0));
