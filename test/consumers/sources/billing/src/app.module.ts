import { join } from 'node:path';
import { BullModule } from '@nestjs/bullmq';
import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { JwtModule } from '@nestjs/jwt';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AsyncerMpModule } from 'nestjs-asyncermp';
import { clsContext } from 'nestjs-asyncermp/cls';
import { ClsModule } from 'nestjs-cls';
import { AcceptLanguageResolver, I18nModule } from 'nestjs-i18n';
import { LoggerModule } from 'nestjs-pino';
import { TokenGuard } from './access/token.guard.js';
import { settings } from './billing.config.js';
import { MailModule } from './mail/mail.module.js';
import { RateHandler } from './rates/rate.query.js';
import { RatesModule } from './rates/rates.module.js';
import { Invoice } from './statements/invoice.entity.js';
import { StatementsModule } from './statements/statements.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [settings] }),
    EventEmitterModule.forRoot(),
    ScheduleModule.forRoot(),
    CacheModule.register({ isGlobal: true }),
    CqrsModule.forRoot(),
    ClsModule.forRoot({
      global: true,
      middleware: {
        mount: true,
        setup: (cls, request: Request & { headers: Record<string, string> }) =>
          cls.set('tenant', request.headers['x-tenant']),
      },
    }),
    LoggerModule.forRoot({ pinoHttp: { level: 'info' } }),
    I18nModule.forRoot({
      fallbackLanguage: 'en',
      loaderOptions: { path: join(process.cwd(), 'i18n'), watch: false },
      resolvers: [AcceptLanguageResolver],
      logging: false,
    }),
    JwtModule.registerAsync({
      global: true,
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        secret: config.getOrThrow<string>('secret'),
        signOptions: { noTimestamp: true },
      }),
    }),
    TypeOrmModule.forRootAsync({
      useFactory: () => ({ type: 'sqljs', entities: [Invoice], synchronize: true }),
    }),
    BullModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        connection: { host: '127.0.0.1', port: config.getOrThrow<number>('redisPort') },
      }),
    }),
    RatesModule.forRoot({ GBP: 0.9 }),
    StatementsModule,
    MailModule,
    AsyncerMpModule.forRoot({
      maxProcesses: 1,
      isolation: process.argv.includes('inline') ? 'inline' : 'threads',
      include: [RateHandler],
      context: [clsContext()],
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: TokenGuard }],
})
export class AppModule {}
