import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { takeTransferList, transfer } from '../../src/protocol/transfer.js';
import { ConfigurationError } from '../../src/contract/errors.js';

describe('transfer()', () => {
  it('returns the value itself, with its type', () => {
    const bytes = new Uint8Array(8);
    const same: Uint8Array = transfer(bytes);
    expect(same).toBe(bytes);
    takeTransferList([bytes]);
  });

  it('moves the buffer of a view to the other side', () => {
    const bytes = transfer(Uint8Array.of(1, 2, 3));
    const args = [bytes, 200];
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(args, takeTransferList(args));
    const received = receiveMessageOnPort(port2) as { message: unknown };
    port1.close();
    expect(received.message).toEqual([Uint8Array.of(1, 2, 3), 200]);
    expect(bytes.byteLength).toBe(0);
  });

  it('moves an ArrayBuffer, a port or a stream as it is', () => {
    const { port1 } = new MessageChannel();
    for (const value of [new ArrayBuffer(8), port1, new ReadableStream()]) {
      transfer(value);
      expect(takeTransferList([value])).toEqual([value]);
    }
    port1.close();
  });

  it('moves the listed parts of any object', () => {
    const image = { pixels: new Uint8Array(8), mask: new Uint8Array(8) };
    const list = [image.pixels.buffer, image.mask.buffer];
    expect(takeTransferList([5, transfer(image, list)])).toEqual(list);
  });

  it('marks a value for one transfer only', () => {
    const buffer = transfer(new ArrayBuffer(8));
    expect(takeTransferList([buffer])).toEqual([buffer]);
    expect(takeTransferList([buffer])).toBeUndefined();
  });

  it('lists a buffer once if several values share it', () => {
    const buffer = new ArrayBuffer(8);
    const views = [transfer(new Uint8Array(buffer, 0, 4)), transfer(new Uint8Array(buffer, 4))];
    expect(takeTransferList(views)).toEqual([buffer]);
  });

  it('lists nothing if no value is marked', () => {
    expect(takeTransferList([null, 'text', {}, new ArrayBuffer(8)])).toBeUndefined();
  });

  it('does not list shared memory, which needs no transfer', () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    expect(takeTransferList([transfer(shared)]) ?? []).toEqual([]);
    expect(takeTransferList([transfer({ shared }, [shared.buffer as never])]) ?? []).toEqual([]);
  });

  describe('refuses with a hint', () => {
    const detached = new ArrayBuffer(8);
    const viewOfDetached = new Uint8Array(detached);
    structuredClone(detached, { transfer: [detached] });
    const locked = new ReadableStream();
    locked.getReader();

    it.each([
      ["a Buffer of Node's pool", () => transfer(Buffer.from('small')), /new Uint8Array\(buffer\)/],
      ['a number', () => transfer(5), /takes an object, and got 5/],
      ['a plain object without a list', () => transfer({ a: 1 }), /transfer\(value, \[value/],
      ['a detached buffer', () => transfer(detached), /is a detached ArrayBuffer/],
      ['a view of one', () => transfer(viewOfDetached), /is a detached ArrayBuffer/],
      ['a locked stream', () => transfer(locked), /is a locked stream/],
      [
        'a view in the list',
        () => transfer({}, [new Uint8Array(2) as never]),
        /its \.buffer must be listed/,
      ],
    ])('%s', (_, attempt, message) => {
      expect(attempt).toThrow(ConfigurationError);
      expect(attempt).toThrow(message);
    });
  });
});
