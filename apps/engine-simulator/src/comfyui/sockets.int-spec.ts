import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '@baton/testing';
import { PROBE_PACK } from './traces/probe-pack.ts';
import { textToImage } from './traces/graphs.ts';
import type { Graph } from './traces/graphs.ts';
import type { FrameLog } from './traces/tried-server.ts';
import { TriedServer } from './traces/tried-server.ts';

let server: TriedServer;

beforeEach(async () => {
  server = await TriedServer.start({ control: { speed: 500 } }, { packs: PROBE_PACK });
});

afterEach(() => server.stop());

function steps(count: number, node = '2'): Graph {
  return {
    1: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
    [node]: {
      class_type: 'ProbeSteps',
      inputs: { image: ['1', 0], steps: count, delay: 1, preview: false, salt: 1 },
    },
    9: { class_type: 'PreviewImage', inputs: { images: [node, 0] } },
  };
}

async function post(
  graph: Graph,
  client: string | null,
  extra: Record<string, unknown> = {},
): Promise<string> {
  const id = randomUUID();
  const owner = client === null ? {} : { client_id: client };
  await server.post('/prompt', { prompt: graph, prompt_id: id, ...owner, ...extra });
  return id;
}

async function inHistory(id: string): Promise<void> {
  await eventually(async () => id in (await server.get(`/history/${id}`)).body);
}

describe('audience', () => {
  test('events of a prompt go to its owner only, the status to everybody', async () => {
    const [owner, other] = [await server.connect('owner'), await server.connect('other')];
    await owner.finished(await post(steps(2), 'owner'));
    await eventually(() => other.types.length === 4);
    expect(new Set(other.types)).toEqual(new Set(['status']));
  });

  test('without client_id everybody sees progress and nobody start, end or error', async () => {
    const log = await server.connect('anyone');
    await inHistory(await post(steps(2), null));
    await eventually(() => log.types.at(-1) === 'status');
    expect(new Set(log.types)).toEqual(new Set(['status', 'progress_state', 'progress']));
  });

  test('an interrupted prompt without client_id is told to everybody', async () => {
    const log = await server.connect('anyone');
    await post(steps(10_000), null);
    await log.until(({ type }) => type === 'progress');
    await server.post('/interrupt');
    await log.until(({ type }) => type === 'execution_interrupted');
  });
});

describe('connections', () => {
  test('the first frame has the id of the client, or a generated one', async () => {
    const named = await server.connect('me');
    expect(named.texts[0]?.data).toMatchObject({ sid: 'me', status: { exec_info: { queue_remaining: 0 } } });
    const unnamed = await server.connect();
    expect(unnamed.texts[0]?.data['sid']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a client that comes back while its prompt runs is told the node, without the prompt', async () => {
    const first = await server.connect('me');
    await post(steps(10_000), 'me');
    await first.until(({ type }) => type === 'progress');
    await first.close();
    const again = await server.connect('me');
    expect(await again.until(({ type }) => type === 'executing')).toEqual({
      type: 'executing',
      data: { node: '2' },
    });
    await again.until(({ type }) => type === 'progress');
    await server.post('/interrupt');
  });

  test.each([true, false])(
    'sameClientId %s: the newer socket after the older one has closed',
    async (isOn) => {
      await server.control({ faults: { sameClientId: isOn } });
      const [older, newer] = [await server.connect('me'), await server.connect('me')];
      const witness = await server.connect('witness');
      await older.close();
      // The server has noticed when a status no longer goes to a client that it has forgotten, or still does.
      const id = await post(steps(2), 'me');
      await inHistory(id);
      await eventually(() => witness.types.filter((type) => type === 'status').length === 4);
      expect(newer.types.includes('execution_success')).toBe(!isOn);
    },
  );

  test('only the first text message may be the feature handshake', async () => {
    const log = await server.connect('me');
    log.socket.send('hello');
    log.socket.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
    await log.finished(await post(steps(2), 'me'));
    expect(log.types).not.toContain('feature_flags');
  });

  test('the socket is there under both prefixes, and nowhere else', async () => {
    const tried = async (path: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(new URL(path, server.url.replace('http', 'ws')));
        socket.once('message', () => resolve('frame'));
        socket.once('error', ({ message }) => resolve(message));
        socket.once('message', () => socket.terminate());
      });
    expect(await tried('/api/ws')).toBe('frame');
    expect(await tried('/other')).toContain('404');
  });
});

describe('pictures', () => {
  function binaries(log: FrameLog): Buffer[] {
    return log.frames.filter((frame): frame is Buffer => Buffer.isBuffer(frame));
  }

  test('previews are off until the prompt asks for them, and fit into 512 pixels', async () => {
    const log = await server.connect('me');
    const graph = textToImage({ 5: { width: 1_024, height: 512 } });
    await log.finished(await post(graph, 'me'));
    expect(binaries(log)).toEqual([]);
    await log.finished(
      await post(textToImage({ 5: { width: 1_024, height: 512 }, 9: { seed: 2 } }), 'me', {
        extra_data: { preview_method: 'latent2rgb' },
      }),
    );
    const { default: sharp } = await import('sharp');
    const previews = binaries(log);
    expect(previews).toHaveLength(4);
    for (const frame of previews) {
      expect(await sharp(frame.subarray(8)).metadata()).toMatchObject({
        format: 'jpeg',
        width: 512,
        height: 256,
      });
    }
  });

  test('SaveImageWebsocket sends whole PNGs and leaves no output behind', async () => {
    const log = await server.connect('me');
    const graph = textToImage();
    graph['11'] = { class_type: 'SaveImageWebsocket', inputs: { images: ['10', 0] } };
    const id = await post(graph, 'me');
    await log.finished(id);
    const [frame] = binaries(log);
    expect([frame?.readUInt32BE(0), frame?.readUInt32BE(4)]).toEqual([1, 2]);
    expect(frame?.subarray(8, 12).toString('hex')).toBe('89504e47');
    const { body } = await server.get<Record<string, { outputs: unknown }>>(`/history/${id}`);
    expect(body[id]?.outputs).toEqual({});
    expect(log.types).not.toContain('executed');
  });
});

describe('faults of the sockets', () => {
  test.each([true, false])('stalledSocket %s: one client that does not read', async (isOn) => {
    await server.control({ faults: { stalledSocket: isOn } });
    const [stalled, other] = [await server.connect('stalled'), await server.connect('other')];
    stalled.socket.pause();
    // A long node id makes each frame half a megabyte: more than the system buffers for a reader.
    const id = await post(steps(40, 'x'.repeat(100_000)), null);
    await inHistory(id);
    const progress = (): number => other.types.filter((type) => type === 'progress').length;
    if (isOn) {
      expect(progress()).toBeLessThan(40);
      stalled.socket.terminate();
    }
    await eventually(() => progress() === 40);
  });

  test('dropSockets cuts everybody without a close frame; the prompt goes on', async () => {
    await server.control({ faults: { dropSockets: { afterSteps: 2, times: 1 } } });
    const log = await server.connect('me');
    const id = await post(textToImage(), 'me');
    expect(await log.closed).toBe(1_006);
    await inHistory(id);
  });

  test('crash ends the program after some steps', async () => {
    let crashes = 0;
    const crashing = await TriedServer.start({
      control: { speed: 500, faults: { crash: { afterSteps: 2, times: 1 } } },
      crash: () => (crashes += 1),
    });
    const log = await crashing.connect('me');
    await crashing.post('/prompt', { prompt: textToImage(), client_id: 'me' });
    await log.until(({ type, data }) => type === 'executing' && data['node'] === null);
    expect(crashes).toBe(1);
    await crashing.stop();
  });
});

test('a clean stop sends every client a close frame', async () => {
  const ending = await TriedServer.start();
  const log = await ending.connect('me');
  await ending.stop();
  expect(await log.closed).toBeDefined();
});
