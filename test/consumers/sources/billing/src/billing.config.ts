import { registerAs } from '@nestjs/config';

/** What the whole application is configured with. */
export const settings = (): object => ({
  secret: 'a secret for tests',
  redisPort: Number(process.env.BILLING_REDIS_PORT),
});

/** What one module of it is configured with. */
export const billing = registerAs('billing', () => ({ currency: 'EUR', taxPercent: 20 }));
