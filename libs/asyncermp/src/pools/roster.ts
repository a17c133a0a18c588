import type { Attempt, Lane } from './lane.js';
import type { Member, MemberState } from './member.js';

/** The workers there are, and how many of them are what. */
export class Roster<A extends Attempt> {
  readonly #members = new Map<Lane<A>, Member<A>>();

  get size(): number {
    return this.#members.size;
  }

  get(lane: Lane<A>): Member<A> | undefined {
    return this.#members.get(lane);
  }

  add(member: Member<A>): void {
    this.#members.set(member.lane, member);
  }

  remove(member: Member<A>): void {
    this.#members.delete(member.lane);
  }

  [Symbol.iterator](): Iterator<Member<A>> {
    return this.#members.values();
  }

  count(wanted: MemberState): number {
    let count = 0;
    for (const { state } of this) {
      count += state === wanted ? 1 : 0;
    }
    return count;
  }

  /** Those that are there for work: those that go, or wait to be replaced, do not count. */
  get alive(): number {
    let alive = 0;
    for (const { state, worn } of this) {
      alive += (state === 'starting' || state === 'ready') && !worn ? 1 : 0;
    }
    return alive;
  }

  /** One that is worn and still takes attempts. */
  get worn(): Member<A> | undefined {
    for (const member of this) {
      if (member.worn && member.state === 'ready') {
        return member;
      }
    }
    return undefined;
  }

  /** No replacement is on its way: those that are worn go on. */
  unwear(): void {
    for (const member of this) {
      member.worn = false;
    }
  }
}
