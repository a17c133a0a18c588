import { Portions } from './portions.js';

/** A task whose caller is to be told of its error. */
export interface Untold {
  tell(): void;
}

/**
 * How many callers are told of an error in one turn of the event loop: some milliseconds' work. Very many at
 * once, of tasks that were cancelled or expired together, would hold it for a fifth of a second.
 */
const MOST_IN_A_TURN = 1_000;

/** Tells the callers of tasks that failed or were cancelled, in the order in which the tasks did. */
export const untoldCallers = new Portions<Untold>(MOST_IN_A_TURN, (task) => task.tell());
