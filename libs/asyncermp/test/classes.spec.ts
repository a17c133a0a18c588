import { TaskSerializationError, type AsyncerMpService } from 'nestjs-asyncermp';
import { describe, expect, it, vi } from 'vitest';
import {
  CrossingService,
  Forgotten,
  ForgottenInWorker,
  Loop,
  Money,
  PaymentError,
  Person,
  Ratio,
  Register,
} from './.fixtures/crossing.service.js';
import { shareApplication, startApplication } from './support/application.js';
import { RecordingLogger } from './support/recording-logger.js';
import { rejectionOf } from './support/outcomes.js';

for (const isolation of ['threads', 'inline'] as const) {
  describe(`classes that cross (${isolation})`, () => {
    const application = shareApplication({
      options: { maxProcesses: 1, isolation },
      providers: [CrossingService],
    });
    const service = () => application().get(CrossingService);
    const mp = (): AsyncerMpService => application().mp;
    const echo = async <T>(value: T): Promise<T> => (await service().echo(value)) as T;

    it('an instance arrives in the handler and in the caller with its methods and getters', async () => {
      const people = [new Person('Ada'), new Person('Alan')];
      await expect(service().greets({ people })).resolves.toEqual(['I am Ada', 'I am Alan']);
      const [back] = await echo(people);
      expect(back).toBeInstanceOf(Person);
      expect(back?.greeting).toBe('I am Ada');
    });

    it('an instance deep in objects, arrays, Maps and Sets keeps its class, its identity and its cycles', async () => {
      const ada = new Person('Ada');
      ada.friend = ada;
      const sent = {
        map: new Map<unknown, unknown>([
          [ada, 'key'],
          ['value', ada],
        ]),
        set: new Set([1, ada, 2]),
        list: [[ada]],
        ['__proto__x']: 1,
      };
      const back = await echo(sent);
      const [first] = back.list[0] ?? [];
      expect(first).toBeInstanceOf(Person);
      expect(first?.friend).toBe(first);
      expect([...back.map.keys()]).toEqual([first, 'value']);
      expect([...back.map.keys()][0]).toBe(first);
      expect(back.map.get('value')).toBe(first);
      expect([...back.set]).toEqual([1, first, 2]);
      expect([...back.set][1]).toBe(first);
      expect(back['__proto__x']).toBe(1);
      expect(sent.list[0]?.[0]).toBe(ada);
    });

    it('private state crosses by to and from, and a shared instance stays one', async () => {
      const money = new Money(5);
      const [first, second, ratio] = await echo([money, { money }, new Ratio(1, 2)] as const);
      expect(first).toBeInstanceOf(Money);
      expect(first.toJSON()).toBe(5);
      expect(second.money).toBe(first);
      expect(ratio).toBeInstanceOf(Ratio);
      expect(ratio.parts()).toEqual([1, 2]);
    });

    it('a class that extends Map arrives with its content and its own fields', async () => {
      const back = await echo(new Register([['ada', new Person('Ada')]]));
      expect(back).toBeInstanceOf(Register);
      expect(back.title).toBe('people');
      expect(back.get('ada')).toBeInstanceOf(Person);
    });

    it('an instance in the progress arrives with its class', async () => {
      const task = await mp().submit(CrossingService, 'report', []);
      await task.result;
      expect((task.progress as { who: Person }).who.greeting).toBe('I am Ada');
    });

    it('rows of map() arrive with their class, one by one and in chunks', async () => {
      const items = Array.from({ length: 20 }, (_, at) => [new Person(`p${at}`)] as const);
      const names: string[] = [];
      for await (const row of mp().map(CrossingService, 'echo', items, { chunk: 7 })) {
        names.push((row as Person).greeting);
      }
      expect(names).toHaveLength(20);
      expect(names[19]).toBe('I am p19');
    });

    it('with settle, only the item fails whose class cannot be sent', async () => {
      const loop = new Loop();
      loop.inner = { loop };
      const items: [unknown][] = [
        [new Person('a')],
        [Object.assign(new Loop(), { inner: () => {} })],
        [loop],
        [new Person('b')],
        [new Money(1)],
      ];
      const outcomes: string[] = [];
      const options = { settle: true, chunk: 5 } as const;
      for await (const { status } of mp().map(CrossingService, 'echo', items, options)) {
        outcomes.push(status);
      }
      expect(outcomes).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled', 'fulfilled']);
    });

    it('an own error class is caught with instanceof, and its fields keep their classes', async () => {
      const error = (await rejectionOf(service().fail())) as PaymentError;
      expect(error).toBeInstanceOf(PaymentError);
      expect(error.isFinal).toBe(true);
      expect(error.payer).toBeInstanceOf(Person);
    });

    it('errors in a result and in an argument keep class, code, cause and errors', async () => {
      for (const outcomes of [await service().settled(), await echo(await service().settled())]) {
        const reasons = outcomes.map((outcome) =>
          outcome.status === 'rejected' ? (outcome.reason as Error) : undefined,
        );
        expect(reasons[0]).toBeInstanceOf(RangeError);
        expect(reasons[0]).toMatchObject({
          code: 'E_X',
          cause: expect.objectContaining({ message: 'y' }),
        });
        expect(reasons[1]).toMatchObject({ errors: [expect.any(TypeError)] });
        expect(reasons[2]).toMatchObject({ name: 'AbortError', code: 20 });
        expect(reasons[3]).toBeInstanceOf(PaymentError);
        expect((reasons[3] as PaymentError).payer).toBeInstanceOf(Person);
      }
    });

    it('a URL, its parameters, Headers, a File and a Buffer arrive whole', async () => {
      const headers = new Headers([
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
      ]);
      const back = await echo({
        url: new URL('http://a/b?c=1'),
        query: new URLSearchParams('a=1&a=2'),
        headers,
        file: new File(['text'], 'name.txt', { type: 'text/plain', lastModified: 7 }),
        buffer: Buffer.from('hello'),
      });
      expect(back.url).toBeInstanceOf(URL);
      expect(back.url.href).toBe('http://a/b?c=1');
      expect(back.query.getAll('a')).toEqual(['1', '2']);
      expect(back.headers.getSetCookie()).toEqual(['a', 'b']);
      expect(back.file).toMatchObject({ name: 'name.txt', type: 'text/plain', lastModified: 7 });
      await expect(back.file.text()).resolves.toBe('text');
      expect(back.buffer.toString('utf8')).toBe('hello');
    });

    it.each([
      ['an AbortSignal', { signal: new AbortController().signal }, 'args[0].signal'],
      ['a Response', [new Response('x')], 'args[0][0]'],
      ['an EventTarget', new EventTarget(), 'args[0]'],
      ['an object with symbols only', { options: { [Symbol('k')]: 1 } }, 'args[0].options'],
    ])('%s is refused by its path instead of arriving empty', async (_, value, path) => {
      const error = await rejectionOf(echo(value));
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(error).toMatchObject({ path });
    });

    it('a to() or from() that fails is an error of the task, and the next task runs', async () => {
      const refused = await rejectionOf(echo([new Money(13)]));
      expect(refused).toBeInstanceOf(TaskSerializationError);
      expect(String(refused)).toContain('Money whose from() threw');
      const loop = new Loop();
      loop.inner = loop;
      expect(await rejectionOf(echo({ loop }))).toMatchObject({
        path: expect.stringContaining('args[0].loop'),
      });
      await expect(echo(1)).resolves.toBe(1);
    });

    it('strictClasses refuses an instance that is not sendable, by its path, in arguments and results', async () => {
      const instance = { user: new Forgotten() };
      expect(await rejectionOf(service().strictly([instance]))).toMatchObject({
        code: 'ASYNCERMP_SERIALIZATION',
        path: 'args[0][0].user',
      });
      expect(await rejectionOf(service().strictly('forgotten'))).toMatchObject({
        path: 'result.rows[0]',
      });
      const sendables = [new Person('Ada'), new Map(), new Date(0), Object.create(null)];
      await expect(service().strictly(sendables)).resolves.toHaveLength(4);
    });

    it('a small view takes only its own bytes along, and views of one buffer still share it', async () => {
      const big = new Uint8Array(1_000_000).fill(3);
      await expect(service().memoryUnder(big.subarray(500_001, 500_005))).resolves.toBeLessThan(16);
      const head = await service().head();
      expect([...head]).toEqual(Array(10).fill(7));
      expect(head.buffer.byteLength).toBe(10);
      const [first, second] = await echo([big.subarray(0, 16), big.subarray(8, 24)] as const);
      expect(first.buffer).toBe(second.buffer);
      first[8] = 9;
      expect(second[0]).toBe(9);
      const doubles = new Float64Array(big.buffer, 800, 2);
      expect([...(await echo({ doubles })).doubles]).toEqual([...doubles]);
    });
  });
}

describe('an instance that is not sendable', () => {
  it('is a warning once per class that says what is lost, from arguments and from workers', async () => {
    const logger = new RecordingLogger();
    const { get } = await startApplication({
      options: { maxProcesses: 2, isolation: 'threads', logger },
      providers: [CrossingService],
    });
    class Local extends Forgotten {}
    const warnings = (name: string) =>
      logger.with(`instance of ${name} `).map(({ message }) => message);
    await get(CrossingService).echo({ rows: [new Local(), new Local()] });
    await get(CrossingService).echo(new Local());
    await Promise.all([get(CrossingService).forgetful(), get(CrossingService).forgetful()]);
    await get(CrossingService).forgetful();
    expect(warnings('Local')).toEqual([
      expect.stringMatching(
        /^args\[0\]\.rows\[0\] of CrossingService\.echo .*\(save\).*\(double\)/,
      ),
    ]);
    expect(warnings(ForgottenInWorker.name)).toEqual([
      expect.stringMatching(/^result\[0\] of CrossingService\.forgetful .*\(restore\)/),
    ]);
  });

  it('is no warning in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const logger = new RecordingLogger();
    const { get } = await startApplication({
      options: { maxProcesses: 1, isolation: 'inline', logger },
      providers: [CrossingService],
    });
    class Quiet extends Forgotten {}
    await expect(get(CrossingService).echo(new Quiet())).resolves.toEqual({ value: 1 });
    expect(logger.with('Quiet')).toEqual([]);
    vi.unstubAllEnvs();
  });
});
