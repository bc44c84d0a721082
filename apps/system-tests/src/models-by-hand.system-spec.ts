import { expect } from '@jest/globals';
import {
  gpuHistory,
  message,
  listPulls,
  modelAction,
  pull,
  serverList,
  type Pull,
  type ServerModel,
} from '@baton/contracts';
import { eventually } from '@baton/testing';
import { z } from 'zod';
import { problemCode, type Person } from './testing/person.ts';
import { hurry, scenarios, slowReplies } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const { scenario } = scenarios();
/** The first who registers is the administrator. */
let boss: Person | null = null;

async function admin(stack: Stack): Promise<Person> {
  boss ??= await stack.newPerson();
  return boss;
}

async function call<T>(person: Person, schema: z.ZodType<T>, method: string, path: string, body?: unknown) {
  const answer = await person.ask(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return schema.parse(answer.body);
}

async function listed(person: Person, model: string): Promise<ServerModel | undefined> {
  const { servers } = await call(person, serverList, 'GET', '/api/models/servers');
  return servers.find(({ id }) => id === 'main')?.models.find((one) => one.model === model);
}

const pathOf = (model: string, deed = ''): string => `/api/models/${encodeURIComponent(model)}${deed}`;

async function loadedNames(stack: Stack): Promise<string[]> {
  const { models } = z
    .object({ models: z.array(z.object({ name: z.string() })) })
    .parse(await (await stack.engine('ollama')).get('/api/ps'));
  return models.map(({ name }) => name);
}

async function untilPulled(person: Person, id: string): Promise<Pull> {
  return eventually(
    async () => {
      const { pulls } = await call(person, listPulls.reply, 'GET', '/api/models/pulls');
      const own = pulls.find((one) => one.id === id);
      return own === undefined || own.state === 'running' ? null : own;
    },
    { timeoutMs: 20_000 },
  );
}

scenario('a model is unloaded for real, stays away, and comes back for whoever asks', async (stack) => {
  const person = await admin(stack);
  const chatId = await person.newChat();
  await person.talk(chatId, 'Hello');
  const [before] = await loadedNames(stack);
  expect(before).toBe('gpt-oss:20b');
  const gone = await call(person, modelAction, 'POST', pathOf('gpt-oss:20b', '/unload-from-gpu'));
  expect(gone).toMatchObject({ state: 'done', server: 'main' });
  expect(gone.freed_bytes).toBeGreaterThan(9_000_000_000);
  expect(await loadedNames(stack)).toEqual([]);
  await eventually(async () => (await person.gpu()).holder === null);
  await eventually(async () => (await listed(person, 'gpt-oss:20b'))?.loaded === false);
  await expect(person.talk(chatId, 'And now?')).resolves.toMatchObject({ state: 'done' });
  const { visits } = await call(person, gpuHistory, 'GET', '/api/gpu/history?limit=5');
  // It did not come home by itself in between: somebody asked for it.
  expect(visits[0]?.cause).toBe('job_waiting');
});

scenario('an answer under way is not harmed: the model goes when it is done', async (stack) => {
  const person = await admin(stack);
  await slowReplies(stack);
  const chatId = await person.newChat();
  const { reply } = await person.say(chatId, 'A long answer, please.');
  const follower = person.follow(reply.id);
  await follower.until(({ type }) => type === 'text');
  const asked = await call(person, modelAction, 'POST', pathOf('gpt-oss:20b', '/unload'));
  expect(asked.state).toBe('accepted');
  expect(problemCode(await person.ask('DELETE', pathOf('gpt-oss:20b')))).toBe('model.in_use');
  await hurry(stack);
  await follower.ended();
  expect(message.parse(await person.reply(reply.id)).state).toBe('done');
  await eventually(async () => (await loadedNames(stack)).length === 0, { timeoutMs: 15_000 });
});

scenario('a model with a slash in its name is downloaded, loaded, used and deleted', async (stack) => {
  const person = await admin(stack);
  const model = 'huihui_ai/deepseek-r1:8b';
  const begun = await call(person, pull, 'POST', '/api/models/pull', { model });
  expect(await untilPulled(person, begun.id)).toMatchObject({ state: 'done', model, server: 'main' });
  await eventually(async () => (await listed(person, model)) !== undefined);
  expect(await call(person, modelAction, 'POST', pathOf(model, '/load'))).toMatchObject({
    state: 'accepted',
  });
  await eventually(async () => (await loadedNames(stack)).includes(model), { timeoutMs: 20_000 });
  const chatId = await person.newChat();
  const answer = await person.ask('POST', `/api/chats/${chatId}/messages`, { content: 'Hello', model });
  const { reply } = z.object({ reply: message }).parse(answer.body);
  await person.follow(reply.id).ended();
  expect(await person.reply(reply.id)).toMatchObject({ state: 'done', model });
  expect(await call(person, modelAction, 'DELETE', pathOf(model))).toMatchObject({ state: 'done' });
  expect(await loadedNames(stack)).toEqual([]);
  expect(await listed(person, model)).toBeUndefined();
});

scenario('a download goes on when chat-service is killed in the middle of it', async (stack) => {
  const person = await admin(stack);
  const ollama = await stack.engine('ollama');
  await ollama.set({ faults: { slowPull: { factor: 20 } } });
  const begun = await call(person, pull, 'POST', '/api/models/pull', { model: 'killed/twice:7b' });
  await eventually(async () => {
    const { pulls } = await call(person, listPulls.reply, 'GET', '/api/models/pulls');
    return pulls.some(({ id, completed_bytes }) => id === begun.id && completed_bytes > 0);
  });
  await stack.crash('chat-service');
  await ollama.set({ faults: { slowPull: false } });
  const ended = await eventually(() => untilPulled(person, begun.id).catch(() => null), {
    timeoutMs: 40_000,
  });
  expect(ended).toMatchObject({ state: 'done' });
});

scenario('only administrators change models', async (stack) => {
  await admin(stack);
  const person = await stack.newPerson();
  for (const [method, path, body] of [
    ['POST', pathOf('phi3:latest', '/load'), undefined],
    ['POST', pathOf('phi3:latest', '/unload'), undefined],
    ['DELETE', pathOf('phi3:latest'), undefined],
    ['POST', '/api/models/pull', { model: 'phi3' }],
  ] as const) {
    expect(problemCode(await person.ask(method, path, body))).toBe('auth.forbidden');
  }
});
