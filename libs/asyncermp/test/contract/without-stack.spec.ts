import { describe, expect, it } from 'vitest';
import { withoutStack } from '../../src/contract/errors.js';

const frames = (error: Error) => (error.stack ?? '').split('\n').slice(1);

describe('an error made without a stack', () => {
  it('has no stack, and errors that are made later have theirs', () => {
    const bare = withoutStack(() => new Error('bare'));
    expect(bare.stack).toBe('Error: bare');
    expect(frames(new Error('full'))).not.toEqual([]);
  });

  it('can be made even if Error.stackTraceLimit is frozen', () => {
    const { stackTraceLimit } = Error;
    Object.defineProperty(Error, 'stackTraceLimit', { writable: false });
    try {
      expect(withoutStack(() => new Error('frozen'))).toBeInstanceOf(Error);
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { writable: true, value: stackTraceLimit });
    }
    expect(frames(new Error('full'))).not.toEqual([]);
  });
});
