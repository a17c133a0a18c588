import { MessageChannel } from 'node:worker_threads';
import { ConfigurationError, transfer, type AsyncerMpService } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { TransferService } from './.fixtures/transfer.service.js';
import { shareApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

for (const isolation of ['threads', 'inline'] as const) {
  describe(`memory in arguments and results (${isolation})`, () => {
    const application = shareApplication({
      options: { maxProcesses: 1, isolation },
      providers: [TransferService],
    });
    const service = () => application().get(TransferService);
    const mp = (): AsyncerMpService => application().mp;

    it('is detached in the caller and arrives in the handler if transfer() marks it', async () => {
      const bytes = new Uint8Array(1_000).fill(1);
      await expect(service().sum(transfer(bytes))).resolves.toBe(1_000);
      expect(bytes.byteLength).toBe(0);
    });

    it('is detached in the caller and arrives in the handler if the transfer option lists it', async () => {
      const bytes = new Uint8Array(1_000).fill(1);
      const options = { transfer: [bytes.buffer] };
      await expect(mp().run(TransferService, 'sumOf', [{ bytes }], options)).resolves.toBe(1_000);
      expect(bytes.byteLength).toBe(0);
    });

    it('is copied and stays intact in the caller by default', async () => {
      const bytes = new Uint8Array(1_000).fill(1);
      await expect(service().sum(bytes)).resolves.toBe(1_000);
      expect(bytes.byteLength).toBe(1_000);
    });

    it('stays intact in the caller if the task is cancelled before it ran', async () => {
      const bytes = new Uint8Array(1_000).fill(1);
      await mp().pause();
      const task = await mp().submit(TransferService, 'sum', [transfer(bytes)]);
      task.cancel();
      await mp().resume();
      expect(bytes.byteLength).toBe(1_000);
      await expect(service().sum(bytes)).resolves.toBe(1_000);
    });

    it('is detached in the caller only by the last attempt', async () => {
      const bytes = new Uint8Array(1_000).fill(1);
      const tries = new SharedArrayBuffer(4);
      await expect(service().sumAtLast(transfer(bytes), tries)).resolves.toBe(1_000);
      expect(new Int32Array(tries)[0]).toBe(3);
      expect(bytes.byteLength).toBe(0);
    });

    it('is detached in the worker if the handler returns it with transfer()', async () => {
      await expect(service().make(10, true)).resolves.toEqual(new Uint8Array(10).fill(1));
      await expect(service().left()).resolves.toBe(0);
      await expect(service().make(10, false)).resolves.toEqual(new Uint8Array(10).fill(1));
      await expect(service().left()).resolves.toBe(10);
      await expect(service().makeInside(10)).resolves.toEqual({
        bytes: new Uint8Array(10).fill(2),
      });
      await expect(service().left()).resolves.toBe(0);
    });

    it('is refused at the call if it was transferred before', async () => {
      const bytes = new Uint8Array(10);
      await service().sum(transfer(bytes));
      const again = mp().run(TransferService, 'sum', [bytes], { transfer: [bytes.buffer] });
      const error = await rejectionOf(again);
      expect(error).toMatchObject({ code: expect.stringMatching(/^ASYNCERMP_/) });
    });

    it('is refused at the call if it cannot be copied for another attempt', async () => {
      const { port1, port2 } = new MessageChannel();
      const options = { transfer: [port1], attempts: 2 };
      const error = await rejectionOf(mp().run('TransferService.sum', [port1], options));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain('attempts: 1');
      port2.close();
    });
  });
}
