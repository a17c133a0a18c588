import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { LoopMonitor, type LoopSample } from '../loop/loop.monitor.js';
import { Workplace, type Place } from '../workplace/workplace.js';

const SAMPLE_EVERY_MS = 100;

/** The delay of the loop since the last report, and its worst delay. */
export interface LoopReport extends LoopSample {
  /** The longest delay in each mode, in milliseconds; null in a mode that was not used yet. */
  readonly worst: Readonly<Record<Place, number | null>>;
}

/** Watches the event loop, and attributes each delay to the mode that caused it. */
@Injectable()
export class LoopWatch implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #listeners = new Set<(report: LoopReport) => void>();
  #worst: Record<Place, number | null> = { pool: null, main: null };
  #unreportedMs = 0;
  #monitor: LoopMonitor | undefined;
  #timer: NodeJS.Timeout | undefined;
  #subscription: Subscription | undefined;
  readonly #workplace: Workplace;

  constructor(workplace: Workplace) {
    this.#workplace = workplace;
  }

  /** Starts only now, since loading the application blocks the loop longer than anything later. */
  onApplicationBootstrap(): void {
    this.#monitor = new LoopMonitor();
    this.#timer = setInterval(() => this.#report(), SAMPLE_EVERY_MS);
    this.#subscription = this.#workplace.left$.subscribe((place) => this.#look(place));
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
    this.#subscription?.unsubscribe();
    this.#monitor?.stop();
  }

  /** Reports ten times a second, and later than that when the loop is late. */
  listen(listener: (report: LoopReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forgetWorst(): void {
    this.#look();
    this.#unreportedMs = 0;
    this.#worst = { pool: null, main: null };
  }

  #report(): void {
    const sample = this.#look();
    if (!sample) {
      return;
    }
    const report = { ...sample, delayMs: this.#unreportedMs, worst: { ...this.#worst } };
    this.#unreportedMs = 0;
    for (const listener of this.#listeners) {
      listener(report);
    }
  }

  #look(place = this.#workplace.inForce): LoopSample | undefined {
    const sample = this.#monitor?.sample();
    if (!sample) {
      return undefined;
    }
    this.#worst[place] = Math.max(this.#worst[place] ?? 0, sample.delayMs);
    this.#unreportedMs = Math.max(this.#unreportedMs, sample.delayMs);
    return sample;
  }
}
