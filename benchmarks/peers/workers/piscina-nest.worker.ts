import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { workerData as piscinaData } from 'piscina';
import { SpinService } from '../providers/spin.service.js';
import { twenty } from '../providers/twenty.js';
import type { Outcome } from '../pool.js';

export { bounce, hang, meet } from './piscina.worker.js';

const { providers } = piscinaData as { providers: number };

class WorkerModule {}
Module({ providers: providers === 1 ? [SpinService] : [SpinService, ...twenty] })(WorkerModule);

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: false });
const spinner = app.get(SpinService);
let count = 0;

export default function work(steps: number): Outcome {
  return { uid: String(++count), result: spinner.spin(steps) };
}
