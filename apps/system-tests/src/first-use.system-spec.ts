import { expect } from '@jest/globals';
import { CHAT_LIMITS, GUARD_HEADERS, gpuKeys } from '@baton/contracts';
import type { GpuStatus, SwapRecord } from '@baton/contracts';
import { eventually } from '@baton/testing';
import sharp from 'sharp';
import { Person, problemCode } from './testing/person.ts';
import { hurry, scenarios, slowRenders, slowReplies } from './testing/scenarios.ts';

const { scenario } = scenarios();

/** No lease, or one that is over. */
const REFUSED = [403, 409];

const phasesOf = (swap: SwapRecord | null | undefined): string[] =>
  swap?.phases.map(({ phase }) => phase) ?? [];

scenario('from nothing to a chat, an image and a chat again, with the hand-overs told', async (stack) => {
  const first = await Person.register(stack.url, 'anna');
  const second = await Person.register(stack.url, 'boris');
  expect([first.session.user.role, second.session.user.role]).toEqual(['admin', 'user']);

  const seen: GpuStatus[] = [];
  const watching = new AbortController();
  const watched = first.watchGpu(seen, watching.signal).catch(() => undefined);
  const chatId = await first.newChat();
  const greeting = await first.talk(chatId, 'How do I paint a fence?');
  expect(greeting).toMatchObject({ state: 'done', error: null });
  expect(greeting.content).toMatch(/^#/m);
  expect(greeting.usage?.completion_tokens).toBeGreaterThan(20);

  const { reply: picture } = await first.draw(chatId, 'A white fence at sunset');
  const follower = first.follow(picture.id);
  const preview = await follower.until(({ type }) => type === 'preview');
  expect(preview).toMatchObject({ type: 'preview' });
  await expect(follower.ended()).resolves.toMatchObject({ state: 'done' });
  const steps = follower.events.flatMap((event) => (event.type === 'progress' ? [event.step] : []));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(new Set(steps).size).toBeGreaterThan(3);
  expect(follower.states).toEqual(expect.arrayContaining(['prompting', 'swapping', 'rendering']));

  const [image] = await first.images(picture.id);
  const { data, info } = await sharp(await first.download(image?.url ?? ''))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: image?.width, height: image?.height });
  expect(new Set(data).size).toBeGreaterThan(16);

  const again = await first.talk(chatId, 'And what did I ask before?');
  expect(again.state).toBe('done');
  const rendered = (await first.reply(picture.id)).timeline;
  expect(rendered.map(({ lane }) => lane.engine)).toEqual(['ollama', 'comfyui']);
  expect(phasesOf(rendered[1]?.swap)).toEqual(expect.arrayContaining(['free', 'verify', 'ready']));
  expect(rendered[1]?.swap).toMatchObject({ from: { engine: 'ollama' }, to: { engine: 'comfyui' } });

  watching.abort();
  await watched;
  expect(seen.map(({ holder }) => holder?.engine)).toEqual(expect.arrayContaining(['ollama', 'comfyui']));
  expect(seen.flatMap(({ swap }) => (swap === null ? [] : [swap.to?.engine]))).toEqual(
    expect.arrayContaining(['comfyui', 'ollama']),
  );
});

scenario(
  'a reader cut anywhere comes back to exactly the rest, in every session of the user',
  async (stack) => {
    const person = await stack.newPerson();
    const chatId = await person.newChat();
    const { reply } = await person.say(chatId, 'Tell me of fences and other boundaries.');
    const whole = person.follow(reply.id);
    const secondSession = await Person.login(stack.url, person.session.user.username);
    const other = secondSession.follow(reply.id);
    await whole.ended();
    await other.ended();
    const { content } = await person.reply(reply.id);
    expect([whole.text, other.text]).toEqual([content, content]);

    expect(whole.received.length).toBeGreaterThan(4);
    const stride = Math.ceil(whole.received.length / 8);
    const cuts = whole.received.filter((_, index) => index % stride === 0);
    for (const cut of cuts) {
      const before = whole.received.filter(({ id }) => id <= cut.id).map(({ event }) => event);
      const rest = person.follow(reply.id, cut.id);
      await rest.ended();
      expect([...before, ...rest.events]).toEqual(whole.events);
    }
  },
);

scenario(
  'a reader cut again and again while the answer is written has every character once',
  async (stack) => {
    await slowReplies(stack);
    const person = await stack.newPerson();
    const { reply } = await person.say(await person.newChat(), 'A long story, please.');
    let text = '';
    let after = 0;
    for (let cut = 0; cut < 6; cut += 1) {
      const reader = person.follow(reply.id, after);
      await reader.until(({ type }) => type === 'text');
      await reader.leave();
      text += reader.text;
      after = reader.lastId;
    }
    await hurry(stack);
    const last = person.follow(reply.id, after);
    await last.ended();
    expect(text + last.text).toBe((await person.reply(reply.id)).content);
  },
);

scenario("somebody else's chat, message, events, image, file and Stop do not exist", async (stack) => {
  const [owner, stranger] = [await stack.newPerson(), await stack.newPerson()];
  const chatId = await owner.newChat();
  const { reply } = await owner.draw(chatId, 'A secret garden');
  await owner.follow(reply.id).ended();
  const [image] = await owner.images(reply.id);
  const paths: [string, string, unknown?][] = [
    ['GET', `/api/chats/${chatId}`],
    ['PATCH', `/api/chats/${chatId}`, { title: 'mine now' }],
    ['DELETE', `/api/chats/${chatId}`],
    ['POST', `/api/chats/${chatId}/messages`, { content: 'hello' }],
    ['POST', `/api/chats/${chatId}/messages/${reply.id}/regenerate`],
    ['GET', `/api/replies/${reply.id}`],
    ['GET', `/api/replies/${reply.id}/events`],
    ['POST', `/api/replies/${reply.id}/cancel`],
    ['POST', '/api/image/generate', { chat_id: chatId, description: 'another' }],
    ['GET', `/api/image/${reply.id}`],
    ['GET', `/api/images/${image?.id ?? 0}/file`],
    ['GET', `/api/images/${image?.id ?? 0}/thumbnail`],
    ['GET', `/api/images/preview/${reply.id}`],
  ];
  for (const [method, path, body] of paths) {
    const answer = await stranger.ask(method, path, body);
    expect([method, path, answer.status]).toEqual([method, path, 404]);
    expect(problemCode(answer)).toMatch(/not_found$/);
  }
  expect((await owner.messages(chatId)).map(({ state }) => state)).toEqual(['done', 'done']);
});

scenario('two people at once are both served, and each sees only that others wait', async (stack) => {
  await slowReplies(stack);
  const [anna, boris] = [await stack.newPerson(), await stack.newPerson()];
  const chats = await Promise.all([anna.newChat(), anna.newChat(), boris.newChat(), boris.newChat()]);
  const [annaTalks, annaDraws, borisTalks, borisDraws] = chats;
  const { reply: one } = await anna.say(annaTalks, 'First of Anna.');
  await anna.follow(one.id).until(({ type }) => type === 'text');
  const { reply: two } = await boris.draw(borisDraws, 'A picture of Boris.');
  const { reply: three } = await anna.draw(annaDraws, 'A picture of Anna.');
  const { reply: four } = await boris.say(borisTalks, 'Second of Boris.');
  const waiting = boris.follow(four.id);
  await waiting.until(
    (event) => event.type === 'state' && event.state === 'queued' && event.position !== null,
  );

  const { entries } = await boris.queue();
  expect(entries).toHaveLength(4);
  for (const entry of entries) {
    const ids = entry.mine ? [entry.chat_id, entry.message_id, entry.lane] : [];
    expect(ids).not.toContain(null);
    if (!entry.mine) expect(entry).toMatchObject({ chat_id: null, message_id: null, lane: null });
  }
  expect(
    entries
      .filter(({ mine }) => mine)
      .map(({ message_id: id }) => id)
      .sort(),
  ).toEqual([two.id, four.id].sort());

  await hurry(stack);
  const ends = await Promise.all([
    anna.follow(one.id).ended(),
    boris.follow(two.id).ended(),
    anna.follow(three.id).ended(),
    waiting.ended(),
  ]);
  expect(ends.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
  // Everybody is told the end first; the lease goes back right after it.
  await eventually(async () => (await boris.queue()).entries.length === 0);
});

scenario('the guard lets nothing through without the lease of this very moment', async (stack) => {
  const guard = stack.run.services['process-manager'].http;
  const person = await stack.newPerson();
  const ask = async (
    path: string,
    lease?: { id: string; fence: string },
    method = 'GET',
  ): Promise<number> => {
    const headers =
      lease === undefined ? {} : { [GUARD_HEADERS.lease]: lease.id, [GUARD_HEADERS.fence]: lease.fence };
    const body = method === 'POST' ? { body: '{}' } : {};
    const response = await fetch(`${guard}/engines/${path}`, { method, headers, ...body });
    await response.arrayBuffer();
    return response.status;
  };
  const leaseOf = (messageId: number): Promise<{ id: string; fence: string }> =>
    stack.redis(async (redis) => {
      const keys = gpuKeys('gpu0');
      for (const id of await redis.zrange(keys.leases, 0, -1)) {
        const record = await redis.hgetall(keys.lease(id));
        if (Number(record['messageId']) === messageId) return { id, fence: record['fence'] ?? '' };
      }
      throw new Error('no such lease');
    });

  expect(await ask('ollama/api/tags')).toBe(403);
  expect(REFUSED).toContain(await ask('ollama/api/tags', { id: 'made-up', fence: '1' }));

  await slowReplies(stack);
  const { reply } = await person.say(await person.newChat(), 'Hold the GPU for a while.');
  const follower = person.follow(reply.id);
  await follower.until(({ type }) => type === 'text');
  const held = await leaseOf(reply.id);
  expect(await ask('ollama/api/tags', held)).toBe(200);
  expect(
    await ask('ollama/api/tags', { ...held, fence: String(Number(held.fence) + 1) }),
  ).toBeGreaterThanOrEqual(403);
  expect(REFUSED).toContain(await ask('comfyui/queue', held));
  for (const path of ['pull', 'create', 'copy', 'push', 'delete', 'blobs/sha256:0']) {
    expect([path, await ask(`ollama/api/${path}`, held, 'POST')]).toEqual([path, 404]);
  }
  for (const path of [
    'ollama/v1/chat/completions',
    'ollama/api/../api/pull',
    'ollama//api/pull',
    'ollama/api/%70ull',
  ]) {
    expect([path, await ask(path, held, 'POST')]).toEqual([path, 404]);
  }

  await slowRenders(stack);
  const { reply: render } = await person.draw(await person.newChat(), 'Then it is ComfyUI’s turn.');
  await hurry(stack);
  await slowRenders(stack);
  const rendering = person.follow(render.id);
  await rendering.until(({ type }) => type === 'progress');
  const comfyui = await leaseOf(render.id);
  expect(await ask('comfyui/queue', comfyui)).toBe(200);
  expect(REFUSED).toContain(await ask('ollama/api/tags', held));
  expect(REFUSED).toContain(await ask('ollama/api/tags', comfyui));
  expect(REFUSED).toContain(await ask('comfyui/queue', held));
  for (const path of ['free', 'history', 'queue']) {
    expect([path, await ask(`comfyui/${path}`, comfyui, 'POST')]).toEqual([path, 404]);
  }
  await hurry(stack);
  await rendering.ended();
  expect(REFUSED).toContain(await ask('comfyui/queue', comfyui));
});

scenario(
  'words of any script go through the whole of it unharmed, and the longest message too',
  async (stack) => {
    const person = await stack.newPerson();
    const chatId = await person.newChat();
    const odd = 'Забор 🏡 حاجز 垣根 — "quoted" \\ <b>&amp;</b> \u200d\u0007 e\u0301';
    const answer = await person.talk(chatId, odd);
    expect(answer.state).toBe('done');
    const [said] = await person.messages(chatId);
    expect(said?.content).toBe(odd);
    const follower = person.follow(answer.id);
    await follower.ended();
    expect(follower.text).toBe(answer.content);

    const longest = 'слово '.repeat(CHAT_LIMITS.messageChars).slice(0, CHAT_LIMITS.messageChars - 1) + '.';
    await expect(person.talk(chatId, longest)).resolves.toMatchObject({ state: 'done' });
    const tooLong = await person.ask('POST', `/api/chats/${chatId}/messages`, { content: `${longest}!` });
    expect([tooLong.status, problemCode(tooLong)]).toEqual([400, 'request.invalid']);
  },
);

scenario('what makes no sense is refused by name and leaves no message behind', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const done = await person.talk(chatId, 'Hello.');
  await slowReplies(stack);
  const { reply: running } = await person.say(chatId, 'A long one.');
  const messages = `/api/chats/${chatId}/messages`;
  const drawing = { chat_id: chatId, description: 'A tree' };
  const refusals: [string, string, unknown, number, string][] = [
    ['POST', messages, { content: 'One more.' }, 409, 'chat.busy'],
    ['POST', `${messages}/${done.id}/regenerate`, undefined, 409, 'chat.busy'],
    ['POST', messages, { content: 'Hi', model: 'nobody/has-this:1b' }, 422, 'model.unknown'],
    ['POST', messages, { content: ' \n ' }, 400, 'request.invalid'],
    ['POST', messages, { content: 'Hi', temprature: 1 }, 400, 'request.invalid'],
    ['POST', '/api/image/generate', { ...drawing, width: 1_000 }, 400, 'request.invalid'],
    ['POST', '/api/image/generate', { ...drawing, seed: -1 }, 400, 'request.invalid'],
    ['GET', `/api/replies/${running.id}/events?after=1`, undefined, 400, 'request.invalid'],
    ['GET', '/api/replies/abc', undefined, 400, 'request.invalid'],
  ];
  const other = await person.newChat();
  for (const [method, path, body, status, code] of refusals) {
    const target = code === 'model.unknown' ? path.replace(String(chatId), String(other)) : path;
    const answer = await person.ask(method, target, body);
    expect([path, body, answer.status, problemCode(answer)]).toEqual([path, body, status, code]);
  }
  expect(await person.messages(chatId)).toHaveLength(4);
  expect(await person.messages(other)).toEqual([]);
  await hurry(stack);
  await expect(person.follow(running.id).ended()).resolves.toMatchObject({ state: 'done' });
});
