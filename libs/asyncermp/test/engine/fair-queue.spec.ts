import { beforeEach, describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/engine/fair-queue.js';
import { TestNode, nodes } from './test-node.js';

let queue: FairQueue<TestNode>;
beforeEach(() => {
  queue = new FairQueue();
});

function pushAll(...names: string[]): TestNode[] {
  const all = nodes(...names);
  for (const node of all) {
    queue.push(node);
  }
  return all;
}

function take(count = Infinity): string[] {
  const names: string[] = [];
  while (names.length < count) {
    const node = queue.take();
    if (node === undefined) {
      break;
    }
    names.push(node.name);
  }
  return names;
}

function at(list: readonly TestNode[], index: number): TestNode {
  const node = list[index];
  if (node === undefined) {
    throw new RangeError(`no node ${index}`);
  }
  return node;
}

describe('FairQueue, order', () => {
  it('takes tasks of one priority by submission', () => {
    pushAll('1', '2', '3');
    expect(take()).toEqual(['1', '2', '3']);
    expect(queue.take()).toBeUndefined();
  });

  it('takes higher priorities first, for all finite numbers', () => {
    const priorities = [0, -1.5, 3, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1, -0, 3];
    for (const [seq, priority] of priorities.entries()) {
      queue.push(new TestNode(seq, priority));
    }
    expect(take()).toEqual(['3', '2', '7', '5', '0', '6', '1', '4']);
  });

  it('peek() returns the task that take() returns next, and leaves it there', () => {
    expect(queue.peek()).toBeUndefined();
    pushAll('1', '2');
    expect(queue.peek()?.name).toBe('1');
    expect(take()).toEqual(['1', '2']);
  });

  it('puts a task that is pushed again before all later ones', () => {
    const all = pushAll('1', '2', '3');
    expect(take(2)).toEqual(['1', '2']);
    pushAll('4');
    queue.push(at(all, 0));
    expect(take()).toEqual(['1', '3', '4']);
  });

  it('puts each of several tasks that are pushed again at its place by submission', () => {
    const all = pushAll('1', '2', '3', '4', '5', '6', '7', '8', '9');
    for (const seq of [5, 3, 8, 4]) {
      queue.remove(at(all, seq - 1));
    }
    for (const seq of [8, 3, 5, 4]) {
      queue.push(at(all, seq - 1));
    }
    expect(queue.size).toBe(9);
    queue.remove(at(all, 3));
    expect(take()).toEqual(['1', '2', '3', '5', '6', '7', '8', '9']);
  });
});

describe('FairQueue, fairness', () => {
  it('takes keys in turn, in the order in which their first tasks came', () => {
    pushAll('a1', 'a2', 'a3', 'b4', 'c5', 'c6');
    expect(take()).toEqual(['a1', 'b4', 'c5', 'a2', 'c6', 'a3']);
  });

  it('gives all tasks without a key one turn together', () => {
    pushAll('1', '2', 'a3', '4', 'a5');
    expect(take()).toEqual(['1', 'a3', '2', 'a5', '4']);
  });

  it('distinguishes a missing key from every string', () => {
    pushAll('1', '2');
    queue.push(new TestNode(3, 0, 'undefined'));
    queue.push(new TestNode(4, 0, ''));
    expect(take()).toEqual(['1', 'undefined3', '4', '2']);
  });

  it('puts a key that ran empty behind the others when it comes again', () => {
    pushAll('a1', 'b2', 'c3', 'b4');
    expect(take(1)).toEqual(['a1']);
    pushAll('a5');
    expect(take()).toEqual(['b2', 'c3', 'a5', 'b4']);
  });

  it('counts turns within each priority separately', () => {
    queue.push(new TestNode(1, 1, 'a'));
    queue.push(new TestNode(2, 0, 'a'));
    queue.push(new TestNode(3, 0, 'a'));
    queue.push(new TestNode(4, 0, 'b'));
    queue.push(new TestNode(5, 1, 'a'));
    expect(take()).toEqual(['a1', 'a5', 'a2', 'b4', 'a3']);
  });

  it('does not change turns when a task is removed', () => {
    const all = pushAll('a1', 'a2', 'b3', 'b4', 'c5');
    expect(take(1)).toEqual(['a1']);
    queue.remove(at(all, 2));
    expect(take()).toEqual(['b4', 'c5', 'a2']);
  });

  it('passes the turn on when the last task of a key is removed', () => {
    const all = pushAll('a1', 'b2', 'c3', 'c4');
    queue.remove(at(all, 0));
    expect(take()).toEqual(['b2', 'c3', 'c4']);
  });
});

describe('FairQueue.restore()', () => {
  it('undoes take(), the turn of the key included', () => {
    const all = pushAll('a1', 'a2', 'b3', 'b4');
    expect(take(3)).toEqual(['a1', 'b3', 'a2']);
    for (const index of [1, 2, 0]) {
      queue.restore(at(all, index));
    }
    expect(take()).toEqual(['a1', 'b3', 'a2', 'b4']);
  });

  it('undoes take() of the last task of a key and of the whole queue', () => {
    const all = pushAll('a1', 'b2');
    expect(take()).toEqual(['a1', 'b2']);
    for (const index of [1, 0]) {
      queue.restore(at(all, index));
    }
    expect(take()).toEqual(['a1', 'b2']);
  });

  it('puts the task before all later ones of its key', () => {
    const all = pushAll('1', '2', '3', '4');
    expect(take(3)).toEqual(['1', '2', '3']);
    for (const index of [0, 2, 1]) {
      queue.restore(at(all, index));
    }
    expect(take()).toEqual(['1', '2', '3', '4']);
  });

  it('does not put a task before those of a higher priority', () => {
    const all = pushAll('1');
    expect(take()).toEqual(['1']);
    queue.push(new TestNode(2, 1));
    queue.restore(at(all, 0));
    expect(take()).toEqual(['2', '1']);
  });
});

describe('FairQueue.remove()', () => {
  it('removes a task from any place, once', () => {
    const all = pushAll('1', '2', '3', '4', '5');
    for (const index of [2, 0, 4]) {
      expect(queue.remove(at(all, index))).toBe(true);
      expect(queue.has(at(all, index))).toBe(false);
      expect(queue.remove(at(all, index))).toBe(false);
    }
    expect(queue.size).toBe(2);
    expect(take()).toEqual(['2', '4']);
  });

  it('returns false for a task of another queue, and does not change it', () => {
    const other = new FairQueue<TestNode>();
    const node = new TestNode(1);
    other.push(node);
    pushAll('2');
    expect(queue.has(node)).toBe(false);
    expect(queue.remove(node)).toBe(false);
    expect(queue.reprioritise(node, 5)).toBe(false);
    expect([node.priority, other.size, queue.size]).toEqual([0, 1, 1]);
    expect(other.take()).toBe(node);
  });

  it('can empty a priority, and the queue goes on with the others', () => {
    const all = [5, 7, 6].map((priority, seq) => new TestNode(seq, priority));
    for (const node of all) {
      queue.push(node);
    }
    queue.remove(at(all, 1));
    expect(queue.peek()).toBe(all[2]);
    queue.push(new TestNode(3, 7));
    expect(take()).toEqual(['3', '2', '0']);
  });
});

describe('FairQueue.reprioritise()', () => {
  it('moves a waiting task to its place by submission in the other priority', () => {
    const all = pushAll('1', '2', '3', '4', '5');
    for (const index of [3, 0, 2]) {
      expect(queue.reprioritise(at(all, index), 9)).toBe(true);
    }
    expect(at(all, 3).priority).toBe(9);
    expect(take()).toEqual(['1', '3', '4', '2', '5']);
  });

  it('keeps the turn of a task whose priority stays the same', () => {
    const all = pushAll('a1', 'b2', 'a3');
    expect(queue.reprioritise(at(all, 0), 0)).toBe(true);
    expect(take()).toEqual(['a1', 'b2', 'a3']);
  });

  it('returns false for a task that is not in the queue, and does not change it', () => {
    const node = new TestNode(1, 2);
    expect(queue.reprioritise(node, 2)).toBe(false);
    expect(queue.reprioritise(node, 3)).toBe(false);
    expect([node.priority, queue.size]).toEqual([2, 0]);
  });
});

describe('FairQueue', () => {
  it('refuses a task that is in a queue already, and does not change', () => {
    const node = at(pushAll('1', '2'), 0);
    const other = new FairQueue<TestNode>();
    expect(() => queue.push(node)).toThrow('waits in a queue already');
    expect(() => queue.restore(node)).toThrow('waits in a queue already');
    expect(() => other.push(node)).toThrow('waits in a queue already');
    expect(queue.size).toBe(2);
    expect(take()).toEqual(['1', '2']);
  });

  it('clear() returns tasks in the order of take(), and the queue can be filled again', () => {
    const all = pushAll('a1', 'a2', 'b3');
    queue.reprioritise(at(all, 1), 1);
    expect(queue.clear().map(({ name }) => name)).toEqual(['a2', 'a1', 'b3']);
    expect([queue.size, queue.peek(), queue.clear(), [...queue]]).toEqual([0, undefined, [], []]);
    for (const node of all) {
      queue.push(node);
    }
    expect(take()).toEqual(['a2', 'a1', 'b3']);
  });

  it('iterates over every task once', () => {
    const all = pushAll('a1', 'a2', 'b3', '4', '5', '6');
    queue.reprioritise(at(all, 4), 1);
    queue.remove(at(all, 3));
    queue.push(at(all, 3));
    expect([...queue].map(({ name }) => name).sort()).toEqual(['4', '5', '6', 'a1', 'a2', 'b3']);
  });
});
