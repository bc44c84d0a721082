import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defineCall } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { startRedis } from '@baton/testing';
import { Controller, Module } from '@nestjs/common';
import { pino } from 'pino';
import { z } from 'zod';
import { startService, type StartedService } from '../bootstrap.ts';
import { correlationId, runWithCorrelation } from '../logging/correlation.ts';
import { PlatformModule } from '../platform.module.ts';
import { CallClient } from './call-client.ts';
import { HandleCall } from './handle-call.ts';

const SECRET = 'a secret for tests only';
const greet = defineCall('test.greet', {
  request: z.object({ name: z.string().min(1) }),
  reply: z.object({ text: z.string(), correlationId: z.string() }),
  timeoutMs: 2_000,
});
const stuck = defineCall('test.stuck', { request: z.object({}), reply: z.object({}), timeoutMs: 50 });
const missing = defineCall('test.missing', { request: z.object({}), reply: z.object({}), timeoutMs: 2_000 });

@Controller()
class Greeter {
  @HandleCall(greet)
  greet({ name }: { name: string }): Promise<{ text: string; correlationId: string }> {
    if (name === 'nobody') {
      throw new AppError(
        'chat.not_found',
        { table: 'secret' },
        { issues: [{ path: 'name', message: 'is nobody' }] },
      );
    }
    if (name === 'boom') throw new Error('secret path /srv/x');
    if (name === 'misshapen') return Promise.resolve({ text: 5 } as never);
    return Promise.resolve({ text: `hello ${name}`, correlationId: correlationId() });
  }

  @HandleCall(stuck)
  stuck(): Promise<Record<string, never>> {
    return new Promise(() => undefined);
  }
}

describe('a call', () => {
  let service: StartedService;
  let client: CallClient;

  beforeAll(async () => {
    const { url } = await startRedis();
    @Module({
      imports: [
        PlatformModule.forRoot({
          service: 'test',
          redisUrl: url,
          internalSecret: SECRET,
          logger: pino({ enabled: false }),
        }),
      ],
      controllers: [Greeter],
    })
    class TestModule {}
    const local = { host: '127.0.0.1', port: 0 };
    service = await startService({
      service: 'test',
      module: TestModule,
      http: local,
      rpc: local,
      logLevel: 'fatal',
      internalSecret: SECRET,
    });
    client = new CallClient({ address: service.rpc ?? '', secret: SECRET });
  });

  afterAll(async () => {
    client.close();
    await service.app.close();
  });

  test('is answered, and carries the correlation id along', async () => {
    const answer = await runWithCorrelation('correlation-of-a-test', () =>
      client.call(greet, { name: 'Anna' }),
    );
    expect(answer).toEqual({ text: 'hello Anna', correlationId: 'correlation-of-a-test' });
  });

  test('that fails brings the code and the wrong fields over, and no details', async () => {
    const failure = await client.call(greet, { name: 'nobody' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({
      code: 'chat.not_found',
      issues: [{ path: 'name', message: 'is nobody' }],
    });
    expect(JSON.stringify((failure as AppError).details)).not.toContain('secret');
  });

  test.each([
    ['boom', 'internal'],
    ['misshapen', 'call.refused'],
    ['', 'call.refused'],
  ])('that asks for %p fails as %s without telling why', async (name, code) => {
    await expect(client.call(greet, { name })).rejects.toMatchObject({ code, message: code });
  });

  test('that is not answered in time fails as call.timeout', async () => {
    await expect(client.call(stuck, {})).rejects.toMatchObject({ code: 'call.timeout' });
  });

  test('that nobody handles fails', async () => {
    await expect(client.call(missing, {})).rejects.toBeInstanceOf(AppError);
  });

  test('with another secret is refused', async () => {
    const stranger = new CallClient({ address: service.rpc ?? '', secret: 'another secret, same use' });
    await expect(stranger.call(greet, { name: 'Anna' })).rejects.toMatchObject({ code: 'call.refused' });
    stranger.close();
  });

  test('to a service that is not there fails as call.unreachable', async () => {
    const lost = new CallClient({ address: '127.0.0.1:1', secret: SECRET });
    await expect(lost.call(greet, { name: 'Anna' })).rejects.toMatchObject({ code: 'call.unreachable' });
    lost.close();
  });

  test('still works after a stranger has sent rubbish to the port', async () => {
    const port = Number(service.rpc?.split(':')[1]);
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\n\r\n'));
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
      socket.resume();
    });
    expect(await client.call(greet, { name: 'Anna' })).toMatchObject({ text: 'hello Anna' });
  });

  test('health and metrics of the service are there', async () => {
    const ready = await fetch(`http://${service.http}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', checks: { redis: 'ok' } }]);
    const metrics = await fetch(`http://${service.http}/metrics`);
    expect(await metrics.text()).toContain('process_resident_memory_bytes{service="test"}');
  });

  test('errors over HTTP are problem+json with the id that the client sent', async () => {
    const answer = await fetch(`http://${service.http}/nowhere`, {
      headers: { 'x-correlation-id': 'from-the-client' },
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({
      code: 'request.not_found',
      correlation_id: 'from-the-client',
    });
  });
});
