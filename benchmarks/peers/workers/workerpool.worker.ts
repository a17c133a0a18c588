import workerpool from 'workerpool';
import { hang, meet, work } from '../../work/work.js';

workerpool.worker({ work, meet, hang });
