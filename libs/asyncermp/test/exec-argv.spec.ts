import { describe, expect, it } from 'vitest';
import { FaultService } from './.fixtures/fault.service.js';
import { startApplication } from './support/application.js';

describe('execArgv', () => {
  it('are the Node options that workers start with', async () => {
    const { get } = await startApplication({
      options: { execArgv: ['--no-deprecation'] },
      providers: [FaultService],
    });
    expect(await get(FaultService).execArgv()).toEqual(['--no-deprecation']);
  });
});
