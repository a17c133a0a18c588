import { describe, expect, it } from 'vitest';
import { ConfigurationError, UnknownHandlerError } from 'nestjs-asyncermp';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { shareApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const application = shareApplication({
  providers: [AdderService, SquareService, CalcService, GatedService],
});

describe('a handler', () => {
  it('is found by its class and method, and by its name', async () => {
    const { mp } = application();
    await expect(mp.run('CalcService.square', [7])).resolves.toBe(49);
    const task = await mp.submit<number>('CalcService.square', [8], { uid: 'eight' });
    await expect(task.result).resolves.toBe(64);
    const where = await mp.run<{ uid: string }>('CalcService.where');
    expect(where.uid).toEqual(expect.any(String));
  });

  it('has the name that @CpuTask() gives it, and no other', async () => {
    const { mp, get } = application();
    await expect(mp.run('by another name', ['x'])).resolves.toBe('named x');
    await expect(mp.run(GatedService, 'named', ['y'])).resolves.toBe('named y');
    await expect(get(GatedService).named('z')).resolves.toBe('named z');
    const task = await mp.submit(GatedService, 'named', ['x']);
    expect(task.handler).toBe('by another name');
    await task.result;
    await expect(mp.run('GatedService.named', ['x'])).rejects.toBeInstanceOf(UnknownHandlerError);
  });
});

describe('an unknown handler', () => {
  it('is refused with UnknownHandlerError, which suggests similar names', async () => {
    const { mp } = application();
    for (const call of [mp.submit('CalcService.sqare', [7]), mp.run('calcservice.square', [7])]) {
      const error = await rejectionOf(call);
      expect(error).toBeInstanceOf(UnknownHandlerError);
      expect(error).toMatchObject({ code: 'ASYNCERMP_UNKNOWN_HANDLER' });
      expect((error as UnknownHandlerError).nearest[0]).toBe('CalcService.square');
      expect((error as Error).message).toContain('Did you mean CalcService.square');
    }
  });

  it('is refused without suggestions if no name is similar', async () => {
    const error = await rejectionOf(application().mp.run('something else entirely'));
    expect(error).toBeInstanceOf(UnknownHandlerError);
    expect((error as UnknownHandlerError).nearest).toEqual([]);
    expect((error as Error).message).toContain('@CpuTask()');
  });

  it('is refused if it is an undecorated or a missing method of a class', async () => {
    const { mp } = application();
    const undecorated = mp.run(SquareService as never, 'square' as never, [3] as never);
    await expect(undecorated).rejects.toBeInstanceOf(UnknownHandlerError);
    const missing = mp.run(CalcService, 'cube' as never, [3] as never);
    await expect(missing).rejects.toThrow('CalcService.cube is not a handler');
  });

  it('is refused with ConfigurationError if it is neither a class nor a name', async () => {
    const { mp } = application();
    for (const nothing of [undefined, null, 5, {}, Symbol('s'), Object.create(null)]) {
      const error = await rejectionOf(mp.run(nothing as never, 'x' as never, [] as never));
      expect(error).toBeInstanceOf(ConfigurationError);
    }
    expect(mp.stats().failed).toBe(0);
  });
});
