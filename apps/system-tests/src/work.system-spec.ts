import { expect } from '@jest/globals';
import { askAnswer, batch, batchLine, dialogue, type Batch, type Dialogue } from '@baton/contracts';
import { eventually } from '@baton/testing';
import type { z } from 'zod';
import { problemCode, type Person } from './testing/person.ts';
import { hurry, scenarios, slowReplies } from './testing/scenarios.ts';

const MODEL = 'gpt-oss:20b';
const LONG_MS = 40_000;

const { scenario } = scenarios();

async function call<T>(
  person: Person,
  schema: z.ZodType<T>,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await person.ask(method, path, body);
  if (answer.status >= 400)
    throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return schema.parse(answer.body);
}

function untilDialogue(person: Person, chatId: number, isSo: (one: Dialogue) => boolean): Promise<Dialogue> {
  return eventually(
    async () => {
      const one = await call(person, dialogue, 'GET', `/api/chat/multi-model/${chatId}`);
      return isSo(one) ? one : null;
    },
    { timeoutMs: LONG_MS, everyMs: 100 },
  );
}

function untilBatch(person: Person, id: number, isSo: (one: Batch) => boolean): Promise<Batch> {
  return eventually(
    async () => {
      const one = await call(person, batch, 'GET', `/api/chat/batch/${id}`);
      return isSo(one) ? one : null;
    },
    { timeoutMs: LONG_MS, everyMs: 100 },
  );
}

scenario(
  'a question without a chat is answered through the whole stack, and leaves no chat',
  async (stack) => {
    await hurry(stack);
    const person = await stack.newPerson();
    const body = { message: 'How do I paint a fence?', task_type: 'general_chat', temperature: 0.2 };
    const answer = await call(person, askAnswer, 'POST', '/api/chat/', body);
    expect(answer.response).not.toBe('');
    expect(answer).toMatchObject({ task_type: 'general_chat', plan: null, sources: [] });
    expect(answer.duration_ms).toBeGreaterThan(0);
    const pair = await call(person, askAnswer, 'POST', '/api/chat/', { message: 'And a gate?', pair: true });
    expect(pair.plan?.text).toBeTruthy();
    expect(pair.routing?.because).toBe('planned_by_pair');
    const chats = await person.ask('GET', '/api/chats');
    expect(chats.body).toMatchObject({ chats: [] });
    expect(problemCode(await person.ask('POST', '/api/chat/search', { message: 'News?' }))).toBe(
      'search.not_set_up',
    );
  },
);

scenario('who leaves a question gives the GPU back', async (stack) => {
  await slowReplies(stack);
  const person = await stack.newPerson();
  const client = new AbortController();
  const asked = fetch(`${stack.url}/api/chat/`, {
    method: 'POST',
    signal: client.signal,
    headers: {
      authorization: `Bearer ${person.session.access_token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ message: 'Tell me everything.' }),
  }).catch(() => undefined);
  await eventually(async () => (await person.gpu()).running === 1, { timeoutMs: LONG_MS });
  client.abort();
  await asked;
  await eventually(async () => (await person.gpu()).running === 0, { timeoutMs: LONG_MS });
});

scenario(
  'a batch survives the death of chat-service: every item is answered once',
  async (stack) => {
    await slowReplies(stack);
    const person = await stack.newPerson();
    const requests = Array.from({ length: 8 }, (_, n) => ({
      custom_id: `item-${n}`,
      message: `Question ${n}`,
    }));
    const { id } = await call(person, batch, 'POST', '/api/chat/batch', { requests, model: MODEL });
    await untilBatch(person, id, ({ running }) => running === 2);
    await eventually(async () => (await person.gpu()).running > 0, { timeoutMs: LONG_MS });
    await stack.crash('chat-service');
    await hurry(stack);
    const done = await untilBatch(person, id, ({ state }) => state === 'done');
    expect(done).toMatchObject({ total: 8, done: 8, failed: 0, cancelled: 0 });
    const text = (await person.download(`/api/chat/batch/${id}/results`)).toString('utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => batchLine.parse(JSON.parse(line)));
    expect(lines.map(({ custom_id: customId }) => customId)).toEqual(
      requests.map(({ custom_id: customId }) => customId),
    );
    for (const { state, response } of lines) {
      expect(state).toBe('done');
      expect(response).toBeTruthy();
    }
  },
  90_000,
);

scenario(
  'a chat between models of four turns is stopped, resumed, and survives the death of chat-service',
  async (stack) => {
    await slowReplies(stack);
    const person = await stack.newPerson();
    const { chat } = await call(person, dialogue, 'POST', '/api/chat/multi-model', {
      models: [MODEL, MODEL],
      initial_message: 'Begin a dialogue about bridges',
      system_prompts: { '0': 'You are an engineer', '1': 'You are a poet' },
      max_turns: 4,
    });
    await untilDialogue(person, chat.id, ({ current_reply_id: id }) => id !== null);
    const stopped = await call(person, dialogue, 'POST', `/api/chat/multi-model/${chat.id}/stop`);
    expect(stopped).toMatchObject({ state: 'stopped', turns: 0, current_reply_id: null });

    await call(person, dialogue, 'POST', `/api/chat/multi-model/${chat.id}/resume`);
    const { current_reply_id: replyId } = await untilDialogue(
      person,
      chat.id,
      ({ current_reply_id: id }) => id !== null,
    );
    await person.follow(replyId ?? 0).until(({ type }) => type === 'text');
    await stack.crash('chat-service');
    await hurry(stack);
    const done = await untilDialogue(person, chat.id, ({ state }) => state !== 'running');
    expect(done).toMatchObject({ state: 'done', turns: 4, error_code: null });
    const messages = await person.messages(chat.id);
    expect(messages.map(({ role, state }) => `${role} ${state}`)).toEqual([
      'user done',
      ...Array.from({ length: 4 }, () => 'assistant done'),
    ]);
    expect(messages.slice(1).map(({ details }) => details?.speaker?.index)).toEqual([0, 1, 0, 1]);
  },
  120_000,
);
