import { inspect, types } from 'node:util';
import { runInNewContext } from 'node:vm';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { HttpException, NotFoundException } from '@nestjs/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeError, encodeError, type EncodedError } from '../../src/protocol/error-codec.js';
import * as ownErrors from '../../src/contract/errors.js';

/** The value that arrives on the other side of a port. */
function sent(thrown: unknown): unknown {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(encodeError(thrown));
  const received: { message: EncodedError } | undefined = receiveMessageOnPort(port2);
  port1.close();
  if (!received) {
    throw new Error('nothing arrived');
  }
  return decodeError(received.message);
}

function sentError(thrown: unknown): Error & Record<string, unknown> {
  const error = sent(thrown);
  expect(types.isNativeError(error) || error instanceof DOMException).toBe(true);
  return error as Error & Record<string, unknown>;
}

const BUILT_CODEC = new URL('../../dist/protocol/error-codec.js', import.meta.url).href;

class NotHere extends NotFoundException {}
class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly code = 'E_PAYMENT';
  constructor(readonly amount: number) {
    super(`cannot pay ${amount}`);
  }
}

describe('an error that is sent between threads', () => {
  it.each([EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, Error])(
    'arrives as the same class: %s',
    (BuiltIn) => {
      const error = sentError(new BuiltIn('text'));
      expect(Object.getPrototypeOf(error)).toBe(BuiltIn.prototype);
      expect(error.message).toBe('text');
      expect(Object.keys(error)).toEqual([]);
      expect(Object.hasOwn(error, 'name')).toBe(false);
    },
  );

  it('arrives with its stack, its code and its own properties', () => {
    const original = new PaymentError(5);
    const error = sentError(original);
    expect(error).toMatchObject({ name: 'PaymentError', code: 'E_PAYMENT', amount: 5 });
    expect(error.message).toBe('cannot pay 5');
    expect(error.stack).toBe(original.stack);
    expect(Object.getOwnPropertyDescriptor(error, 'stack')?.enumerable).toBe(false);
    expect(Object.keys(error).sort()).toEqual(['amount', 'code', 'name']);
  });

  it('keeps a name and a code that its class defines', () => {
    class Coded extends Error {
      get code(): string {
        return 'E_CODED';
      }
    }
    Object.defineProperty(Coded.prototype, 'name', { value: 'CodedName' });
    const error = sentError(new Coded('text'));
    expect(error.name).toBe('CodedName');
    expect(error['code']).toBe('E_CODED');
    expect(Object.keys(error)).toEqual([]);
  });

  it.each([
    new TypeError('text'),
    new PaymentError(5),
    new (class Nameless extends Error {})('text'),
    new (class NamelessError extends RangeError {})('text'),
    new AggregateError([new Error('one')], 'many', { cause: new TypeError('why') }),
    Object.assign(new Error('text'), { code: 'E_CODE', detail: { a: [1] } }),
  ])('is printed as where it was thrown: %s', (original) => {
    const [title] = inspect(original).split('\n');
    expect(inspect(sentError(original)).split('\n')[0]).toBe(title);
  });

  it('arrives with its chain of causes, each of the same class', () => {
    const root = new RangeError('root', { cause: 'plain' });
    const error = sentError(new Error('top', { cause: new NotHere('middle', { cause: root }) }));
    const middle = error.cause as NotFoundException;
    expect(middle).toBeInstanceOf(NotFoundException);
    expect(middle.cause).toBeInstanceOf(RangeError);
    expect((middle.cause as Error).cause).toBe('plain');
    expect(Object.keys(error)).toEqual([]);
  });

  it('arrives with the errors of an AggregateError, and other values among them', () => {
    const error = sentError(new AggregateError([new TypeError('one'), 'two', () => 3], 'many'));
    expect(error).toBeInstanceOf(AggregateError);
    const { errors } = error as unknown as AggregateError;
    expect(errors[0]).toBeInstanceOf(TypeError);
    expect(errors[1]).toBe('two');
    expect(errors[2]).toBe('[Function (anonymous)]');
  });

  it('arrives with circular causes that are still circular', () => {
    const first = new Error('first');
    first.cause = new TypeError('second', { cause: first });
    const error = sentError(first);
    expect((error.cause as Error).cause).toBe(error);
  });

  it('is cut after sixteen causes', () => {
    let deep = new Error('0');
    for (let i = 1; i < 5_000; i++) {
      deep = new Error(String(i), { cause: deep });
    }
    let depth = 0;
    let cause: unknown = sentError(deep);
    for (; cause instanceof Error; cause = cause.cause) {
      depth++;
    }
    expect(depth).toBe(17);
    expect(cause).toBe('[Error: 4982]');
  });

  it('keeps properties that can be cloned, and the text of others', () => {
    const save = () => {};
    const error = sentError(
      Object.assign(new Error('text'), {
        save,
        user: { name: 'Ada', save },
        when: new Date(0),
        inner: new TypeError('inner'),
      }),
    );
    expect(error['save']).toBe('[Function: save]');
    expect(error['user']).toBe("{ name: 'Ada', save: [Function: save] }");
    expect(error['when']).toEqual(new Date(0));
    expect(error['inner']).toBeInstanceOf(TypeError);
  });

  it('arrives from another realm as an error of this realm', () => {
    expect(sentError(runInNewContext('new RangeError("far")'))).toBeInstanceOf(RangeError);
  });

  it('arrives as a DOMException with its name and code', () => {
    const error = sentError(AbortSignal.abort().reason);
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({ name: 'AbortError', code: DOMException.ABORT_ERR });
  });

  it('has the same class on both sides of a real worker', async () => {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       import(workerData).then(({ encodeError }) => {
         class LateError extends RangeError { code = 'E_LATE'; tell() {} retry = () => {}; }
         const late = new LateError('late', { cause: null });
         // The stack of a worker has room for these, and that of the main thread has not.
         for (let i = 0; i < 5_000; i++) late.deep = { inner: late.deep };
         parentPort.postMessage(encodeError(late));
       });`,
      { eval: true, workerData: BUILT_CODEC },
    );
    const encoded = await new Promise<EncodedError>((resolve, reject) => {
      worker.once('message', resolve).once('messageerror', reject).once('error', reject);
    });
    await worker.terminate();
    const error = decodeError(encoded) as Error;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ code: 'E_LATE', cause: null, retry: '[Function: retry]' });
    expect(error).toHaveProperty('deep', '{ inner: { inner: { inner: [Object] } } }');
    expect(error.constructor.name).toBe('LateError');
    expect(error.stack).toMatch(/^RangeError: late\n/);
  });
});

describe('an HTTP exception of Nest', () => {
  it('arrives with its class, status and response', () => {
    const error = sentError(new NotFoundException({ reason: 'gone' })) as unknown as HttpException;
    expect(Object.getPrototypeOf(error)).toBe(NotFoundException.prototype);
    expect(error.getStatus()).toBe(404);
    expect(error.getResponse()).toEqual({ reason: 'gone' });
    expect(error.name).toBe('NotFoundException');
  });

  it("arrives as the nearest of Nest's classes if its own is unknown", () => {
    const error = sentError(new NotHere('gone')) as unknown as HttpException;
    expect(error).toBeInstanceOf(NotFoundException);
    expect(error.name).toBe('NotHere');
    expect(error.getResponse()).toMatchObject({ message: 'gone', statusCode: 404 });
    expect(inspect(error)).toMatch(/^NotHere: gone\n/);
  });

  it('is recognised by its shape if a bundle holds another copy of Nest', () => {
    class Base extends Error {
      constructor(
        readonly response: unknown,
        readonly status: number,
      ) {
        super('copied');
      }
      getStatus(): number {
        return this.status;
      }
      getResponse(): unknown {
        return this.response;
      }
    }
    const Copy = { NotFoundException: class extends Base {} }.NotFoundException;
    expect(sentError(new Copy('gone', 404))).toBeInstanceOf(NotFoundException);
    expect(sentError(new (class Mangled extends Base {})('gone', 410))).toBeInstanceOf(
      HttpException,
    );
  });

  it('is not made of another class with the same name', () => {
    const Fake = { NotFoundException: class extends Error {} }.NotFoundException;
    expect(sentError(new Fake('text'))).not.toBeInstanceOf(HttpException);
  });
});

describe('an error of this library', () => {
  const subject = { uid: 'cover-42', handler: 'Thumbnails.make' };

  it.each([
    new ownErrors.ConfigurationError('text', subject),
    new ownErrors.UnknownHandlerError('a.b', ['a.c']),
    new ownErrors.TaskSerializationError('args[0]', 'is a function', subject),
    new ownErrors.DuplicateTaskError(subject),
    new ownErrors.QueueFullError(5, subject),
    new ownErrors.TaskCancelledError(subject, 'changed my mind'),
    new ownErrors.TaskTimeoutError('run', 100, subject),
    new ownErrors.WorkerCrashedError({ reason: 'exit', exitCode: 3 }, subject),
    new ownErrors.WorkerStartError(new TypeError('why'), subject),
    new ownErrors.ShutdownError(subject, 'submitted'),
  ])('arrives with its class and properties: $name', (original) => {
    const error = sentError(original);
    expect(Object.getPrototypeOf(error)).toBe(Object.getPrototypeOf(original));
    expect(Object.entries(error)).toEqual(Object.entries(original));
    expect(error.name).toBe(original.name);
    expect(error.message).toBe(original.message);
    expect(error.cause).toEqual(original.cause);
    expect(Object.keys(error)).not.toContain('name');
  });
});

describe('a thrown value that is no error', () => {
  it.each([
    null,
    undefined,
    'text',
    0,
    Number.NaN,
    5n,
    { a: 1, list: [new Date(0)] },
    new Map([[1, 2]]),
  ])('arrives as the same value: %o', (thrown) => {
    expect(sent(thrown)).toEqual(thrown);
  });

  const proxy = new Proxy({ a: 1 }, {});
  it.each([
    [Symbol('sign'), 'Symbol(sign)'],
    [function handle() {}, '[Function: handle]'],
    [{ save() {} }, '{ save: [Function: save] }'],
    // Node 26 shows that it is a proxy, older ones do not.
    [proxy, inspect(proxy)],
    [Promise.resolve(5), 'Promise { 5 }'],
  ])('arrives as an Error with its text if it cannot be cloned: %o', (thrown, text) => {
    expect(sentError(thrown).message).toBe(
      `${text} was thrown, which cannot be sent between threads`,
    );
  });
});

describe('encodeError()', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const trapped = (target: object): unknown =>
    new Proxy(target, {
      get: boom,
      has: boom,
      ownKeys: boom,
      getPrototypeOf: boom,
      getOwnPropertyDescriptor: boom,
    });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each([
    ['a Proxy of an error that throws', trapped(new Error('text'))],
    ['a Proxy that throws', trapped({})],
    ['a revoked Proxy', revoked],
    [
      'an object whose getter throws',
      Object.defineProperty({}, 'a', { get: boom, enumerable: true }),
    ],
    ['an object whose inspection throws', { save() {}, [inspect.custom]: boom }],
    ...[
      'name',
      'message',
      'stack',
      'cause',
      'errors',
      'code',
      'detail',
      'status',
      'constructor',
    ].map((key): [string, unknown] => [
      `an error whose ${key} throws`,
      Object.defineProperty(new Error('text'), key, { get: boom, enumerable: true }),
    ]),
    ...['name', 'message', 'stack', 'cause', 'errors', 'code', 'constructor'].map(
      (key): [string, unknown] => [
        `an error whose ${key} is a symbol`,
        Object.defineProperty(new Error('text'), key, { value: Symbol('odd'), enumerable: true }),
      ],
    ),
    ['an error without a prototype', Object.setPrototypeOf(new Error('text'), null)],
    ['an object that only inherits from Error', Object.create(Error.prototype)],
    [
      'an error with another prototype',
      Object.setPrototypeOf(new Error('text'), trapped({}) as object),
    ],
    [
      'a value that is another one at the second look',
      Object.defineProperty({ looks: 0 }, 'value', {
        enumerable: true,
        get(this: { looks: number }) {
          return this.looks++ > 0 ? boom : 1;
        },
      }),
    ],
    [
      'an error in its own errors',
      (() => {
        const e = new AggregateError([]);
        e.errors.push(e);
        return e;
      })(),
    ],
  ] as [string, unknown][])('returns a value that can be sent for %s', (_, thrown) => {
    const revived = sent(thrown);
    expect(() => inspect(revived)).not.toThrow();
  });

  it.each(['message', 'stack', 'constructor'])(
    'keeps the rest of an error whose %s throws',
    (key) => {
      const original = Object.assign(new TypeError('text'), { code: 'E_CODE' });
      const error = sentError(Object.defineProperty(original, key, { get: boom }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error['code']).toBe('E_CODE');
    },
  );

  it('returns a value that can be sent for errors of random values', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withNullPrototype: true,
        }),
        fc.dictionary(fc.string(), fc.anything({ withNullPrototype: true })),
        (cause, own) => {
          const error = sentError(
            Object.defineProperties(
              new Error('text', { cause }),
              Object.getOwnPropertyDescriptors(own),
            ),
          );
          expect(
            Object.keys(error)
              .filter((key) => key !== 'stack')
              .sort(),
          ).toEqual(
            Object.keys(own)
              .filter((key) => key !== 'stack')
              .sort(),
          );
        },
      ),
    );
  });
});

describe('decodeError()', () => {
  it('does not change the stack if there are no callers', () => {
    const original = new Error('text');
    expect((decodeError(encodeError(original)) as Error).stack).toBe(original.stack);
  });
});
