import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { eventually } from '@baton/testing';
import { WebSocketServer, type WebSocket } from 'ws';
import { connect } from 'node:net';
import { COMFYUI, LLAMA, TriedGuard, answerOf, textOf } from '../testing/tried-guard.ts';

const MIB = 1_048_576;
const LARGE = 400 * MIB;
/** Pipes, sockets and the collector's leisure; a guard that gathers would need the whole of it. */
const FLAT = 200 * MIB;

let tried: TriedGuard | null = null;

afterEach(async () => {
  await tried?.close();
  tried = null;
});

async function start(lane: typeof LLAMA | typeof COMFYUI): Promise<TriedGuard> {
  tried = await TriedGuard.start(lane);
  return tried;
}

/** Highest memory of buffers, beyond what there was, while `work` runs. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let highest = before;
  const timer = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().arrayBuffers);
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return highest - before;
}

describe('a chat', () => {
  const ask = async (guard: TriedGuard, body: string, path = '/api/chat') => {
    const outgoing = guard.ask(`/engines/ollama${path}`, { method: 'POST' });
    outgoing.end(body);
    const answer = await answerOf(outgoing);
    return { status: answer.statusCode, text: await textOf(answer) };
  };

  test('for the model of its lease passes unchanged, however the model is written', async () => {
    const guard = await start(LLAMA);
    const seen: string[] = [];
    await guard.serve('ollama', (request, response) => {
      void textOf(request).then((body) => {
        seen.push(body);
        response.end('{}');
      });
    });
    const bodies = ['{"model":"llama3:8b","n":1}', '{ "stream":false, "MODEL" : "Llama3:8B"}'];
    for (const body of bodies) expect((await ask(guard, body)).status).toBe(200);
    expect(seen).toEqual(bodies);
  });

  test('for another model passes when the lease says that its work needs that one too', async () => {
    const guard = await start(LLAMA);
    await guard.serve('ollama', (_, response) => response.end('{}'));
    guard.admitAlso(['llava:7b']);
    expect((await ask(guard, '{"model":"llava:7b"}')).status).toBe(200);
    expect((await ask(guard, '{"model":"llama3:8b"}')).status).toBe(200);
    expect((await ask(guard, '{"model":"phi4:14b"}')).status).toBe(403);
  });

  test.each([
    ['for another model', '{"model":"llava:7b"}', 403, 'gpu.lease_required'],
    ['for no model', '{"messages":[]}', 400, 'request.invalid'],
    ['for no text', '{"model":8}', 400, 'request.invalid'],
    ['that is no JSON', 'model=llama3', 400, 'request.invalid'],
    ['that names it late', `{"prompt":"${'x'.repeat(200_000)}","model":"llama3:8b"}`, 400, 'request.invalid'],
  ])('%s does not reach the engine', async (_, body, status, code) => {
    const guard = await start(LLAMA);
    const engine = await guard.hold('ollama');
    for (const path of ['/api/chat', '/api/generate', '/api/embed']) {
      const answer = await ask(guard, body, path);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ code });
    }
    expect(engine.arrived).toEqual([]);
  });

  test('that names a second model later is cut before the engine has all of it', async () => {
    const guard = await start(LLAMA);
    const engine = await guard.hold('ollama');
    const outgoing = guard.ask('/engines/ollama/api/chat', { method: 'POST' });
    outgoing.write('{"model":"llama3:8b",');
    const { request } = await engine.next();
    const broken = new Promise<void>((resolve) => request.once('close', () => resolve()));
    request.resume();
    const answered = answerOf(outgoing);
    outgoing.end(' "model":"llava:7b"}');
    expect((await answered).statusCode).toBe(400);
    await broken;
    expect(request.complete).toBe(false);
  });
});

describe('a chat in pieces that come together', () => {
  const pieces = (...texts: string[]): string =>
    [...texts, ''].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');

  test.each([
    ['a second model', ['{"model":"llama3:8b",', '"model":"llava:7b"}']],
    ['a second model, written another way', ['{"model":"llama3:8b",', '"m\\u006fdel":', '"llava:7b"}']],
    ['a second model in another case', ['{"model":"llama3:8b",', '"Model":"llava:7b"}']],
  ])('and name %s does not reach the engine', async (_, texts) => {
    const guard = await start(LLAMA);
    const engine = await guard.hold('ollama');
    const { port, hostname } = new URL(guard.url);
    const client = connect(Number(port), hostname);
    client.write(
      'POST /engines/ollama/api/chat HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n' +
        `x-baton-lease: lease-1\r\nx-baton-fence: 7\r\n\r\n${pieces(...texts)}`,
    );
    let said = '';
    for await (const bytes of client as AsyncIterable<Buffer>) said += bytes.toString();
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(said).toContain('"request.invalid"');
    expect(engine.arrived).toEqual([]);
  });
});

describe('a body that never ends', () => {
  test.each([
    ['of a chat, before it names its model', LLAMA, '/engines/ollama/api/chat', '{"mod'],
    ['of a chat, after it has', LLAMA, '/engines/ollama/api/chat', '{"model":"llama3:8b",'],
    ['of a prompt', COMFYUI, '/engines/comfyui/prompt', '{"prompt_id":'],
    ['of an upload', COMFYUI, '/engines/comfyui/upload/image', 'first'],
  ])('%s holds its connection no longer than its lease', async (_, lane, path, text) => {
    const guard = await start(lane);
    await guard.hold(lane.engine);
    const outgoing = guard.ask(path, { method: 'POST' });
    outgoing.write(text);
    await eventually(() => guard.service.openConnections === 1);
    const answered = answerOf(outgoing);
    expect(await guard.service.revoke('lease-1')).toMatchObject({ quiet: true, openConnections: 0 });
    expect(JSON.parse(await textOf(await answered))).toMatchObject({ code: 'gpu.lease_lost' });
    await eventually(() => outgoing.socket?.destroyed ?? true);
  });

  test('and belongs to nobody is not waited for at all', async () => {
    const guard = await start(LLAMA);
    await guard.hold('ollama');
    const outgoing = guard.ask('/engines/ollama/api/chat', {
      method: 'POST',
      headers: { 'x-baton-lease': 'other' },
    });
    outgoing.write('{');
    expect((await answerOf(outgoing)).statusCode).toBe(403);
    await eventually(() => outgoing.socket?.destroyed ?? true);
  });
});

describe('400 MB', () => {
  test('up go through in flat memory', async () => {
    const guard = await start(COMFYUI);
    let received = 0;
    await guard.serve('comfyui', (request, response) => {
      request.on('data', (bytes: Buffer) => (received += bytes.length));
      request.once('end', () => response.end('{}'));
    });
    const peak = await peakOf(async () => {
      const outgoing = guard.ask('/engines/comfyui/upload/image', { method: 'POST' });
      const answered = answerOf(outgoing);
      const piece = Buffer.alloc(MIB);
      for (let sent = 0; sent < LARGE; sent += MIB) {
        if (!outgoing.write(piece)) await once(outgoing, 'drain');
      }
      outgoing.end();
      expect((await answered).statusCode).toBe(200);
    });
    expect(received).toBe(LARGE);
    expect(peak).toBeLessThan(FLAT);
  }, 60_000);

  test('down go through in flat memory, at the pace of whoever reads', async () => {
    const guard = await start(COMFYUI);
    let written = 0;
    await guard.serve('comfyui', (_, response) => {
      const piece = Buffer.alloc(MIB);
      const more = (): void => {
        while (written < LARGE) {
          written += MIB;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    let received = 0;
    const peak = await peakOf(async () => {
      const outgoing = guard.ask('/engines/comfyui/view?filename=x.png');
      outgoing.end();
      const answer: IncomingMessage = await answerOf(outgoing);
      // Nobody reads yet: the engine must have stopped long before its end.
      let before = -1;
      await eventually(
        () => {
          const stands = written === before;
          before = written;
          return stands;
        },
        { everyMs: 100 },
      );
      expect(written).toBeLessThan(LARGE / 4);
      for await (const bytes of answer as AsyncIterable<Buffer>) received += bytes.length;
    });
    expect(received).toBe(LARGE);
    expect(peak).toBeLessThan(FLAT);
  }, 60_000);
});

describe('a WebSocket client that does not read', () => {
  test('loses its connection in the end; the engine is read on, so that others get their events', async () => {
    const guard = await start(COMFYUI);
    const { server } = await guard.serve('comfyui', (_, response) => response.writeHead(400).end());
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    const opened = once(sockets, 'connection') as Promise<[WebSocket]>;
    const { port, hostname } = new URL(guard.url);
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined);
    client.write(
      'GET /engines/comfyui/ws?clientId=c1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
        'x-baton-lease: lease-1\r\nx-baton-fence: 7\r\n\r\n',
    );
    client.pause();
    const [socket] = await opened;
    const closed = once(socket, 'close');
    const piece = Buffer.alloc(MIB);
    let sent = 0;
    while (socket.readyState === socket.OPEN && sent < 200) {
      sent += 1;
      await new Promise((resolve) => socket.send(piece, resolve));
    }
    await closed;
    expect(sent).toBeLessThan(200);
    await eventually(() => guard.service.openConnections === 0);
    client.destroy();
    sockets.close();
  }, 30_000);
});
