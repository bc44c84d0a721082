import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { multiModelBody, type Dialogue } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import type { z } from 'zod';
import { engineModel } from '../testing/chat-process.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import { WorkProcess } from '../testing/work-process.ts';

const ANNA = 1;
const BORIS = 2;

/** Each says which of its turns this is. */
const talk: Script = (answer, { body }) => {
  const said = (body['messages'] as { role: string }[]).filter(({ role }) => role === 'assistant').length;
  answer.text(`${String(body['model'])} ${said + 1}`);
  answer.done(3);
};
/** Begins, and goes on for ever. */
const endless: Script = (answer) => answer.text('Well');

describe.each(DIALECTS)('chats between models on %s', (dialect) => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let service: WorkProcess;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase(dialect),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));
  beforeEach(async () => {
    ollama.play(talk);
    service = await start();
  });
  afterEach(() => service.shutDown());

  function start(): Promise<WorkProcess> {
    gpu = new FakeGpu(ollama.url);
    const models = [engineModel('llama3'), engineModel('qwen3')];
    return WorkProcess.start({ source: database.source, redisUrl, gpu, models });
  }

  function begin(changes: Partial<z.input<typeof multiModelBody>> = {}): Promise<Dialogue> {
    const body = multiModelBody.parse({
      models: ['llama3', 'qwen3'],
      initial_message: 'Talk about bridges.',
      system_prompts: { llama3: 'You are an engineer.', '1': 'You are a poet.' },
      max_turns: 4,
      order: 'in_turn',
      ...changes,
    });
    return service.dialogues.start(ANNA, body);
  }

  function until(chatId: number, state: Dialogue['state']): Promise<Dialogue> {
    return eventually(async () => {
      const dialogue = await service.dialogues.get(ANNA, chatId);
      return dialogue.state === state ? dialogue : null;
    });
  }

  async function said(chatId: number): Promise<string[]> {
    const { messages } = await service.chat.images.get(ANNA, chatId, { limit: 100 });
    return messages.map(({ role, content }) => `${role}: ${content}`);
  }

  test('every turn is a message of one visible chat, by whoever’s turn it is', async () => {
    const { chat } = await begin();
    await expect(until(chat.id, 'done')).resolves.toMatchObject({
      chat: { kind: 'models', title: 'Talk about bridges.' },
      turns: 4,
      max_turns: 4,
      current_reply_id: null,
      error_code: null,
      participants: [
        { index: 0, model: 'llama3', system_prompt: 'You are an engineer.' },
        { index: 1, model: 'qwen3', system_prompt: 'You are a poet.' },
      ],
    });
    await expect(said(chat.id)).resolves.toEqual([
      'user: Talk about bridges.',
      'assistant: llama3 1',
      'assistant: qwen3 1',
      'assistant: llama3 2',
      'assistant: qwen3 2',
    ]);
    const { chats } = await service.chat.images.list(ANNA, { limit: 100, q: 'bridges' });
    expect(chats.map(({ id }) => id)).toContain(chat.id);
  });

  test('each hears the others by name, and itself as the one who answered', async () => {
    const { chat } = await begin({ max_turns: 3 });
    await until(chat.id, 'done');
    const heard = ollama.asked.map(({ body }) => body['messages'] as { role: string; content: string }[]);
    expect(heard[2]?.slice(1)).toEqual([
      { role: 'user', content: 'Talk about bridges.' },
      { role: 'assistant', content: 'llama3 1' },
      { role: 'user', content: 'Speaker 2 (qwen3): qwen3 1' },
    ]);
    expect(heard[2]?.[0]?.content).toMatch(/^You are an engineer\.\n\nYou are Speaker 1 \(llama3\)/);
    expect(heard[1]?.[0]?.content).toMatch(/^You are a poet\./);
  });

  test('in the order of fewest changes a model speaks twice before the other is loaded', async () => {
    const { chat } = await begin({ order: 'fewest_changes' });
    await until(chat.id, 'done');
    expect(ollama.asked.map(({ body }) => body['model'])).toEqual(['llama3', 'qwen3', 'qwen3', 'llama3']);
    const last = ollama.asked[2]?.body['messages'] as { role: string; content: string }[];
    expect(last.at(-1)).toEqual({ role: 'user', content: expect.stringContaining('Go on') });
  });

  test('stopped in the middle of a turn it stays stopped; resumed, that turn is made again', async () => {
    ollama.play(talk, endless, talk);
    const { chat } = await begin();
    const current = await eventually(async () => {
      const { turns, current_reply_id: id } = await service.dialogues.get(ANNA, chat.id);
      return turns === 1 && id !== null && ollama.asked.length === 2 ? id : null;
    });
    const stopped = await service.dialogues.stop(ANNA, chat.id);
    expect(stopped).toMatchObject({ state: 'stopped', turns: 1, current_reply_id: null });
    await expect(service.chat.replies.get(ANNA, current)).resolves.toMatchObject({ state: 'cancelled' });
    await expect(service.dialogues.stop(ANNA, chat.id)).resolves.toMatchObject({ state: 'stopped' });

    await service.dialogues.resume(ANNA, chat.id);
    await expect(until(chat.id, 'done')).resolves.toMatchObject({ turns: 4 });
    await expect(said(chat.id)).resolves.toEqual([
      'user: Talk about bridges.',
      'assistant: llama3 1',
      'assistant: qwen3 1',
      'assistant: llama3 2',
      'assistant: qwen3 2',
    ]);
  });

  test('stopped while it waits for the GPU nothing is asked', async () => {
    gpu.pause();
    const { chat } = await begin();
    await eventually(async () => (await service.dialogues.get(ANNA, chat.id)).current_reply_id);
    await expect(service.dialogues.stop(ANNA, chat.id)).resolves.toMatchObject({
      state: 'stopped',
      turns: 0,
    });
    expect(ollama.asked).toEqual([]);
  });

  test('a turn that fails ends it with that code, and it can be resumed', async () => {
    ollama.play(talk, (answer) => answer.refuse(400, 'no'), talk);
    const { chat } = await begin();
    await expect(until(chat.id, 'failed')).resolves.toMatchObject({
      turns: 1,
      error_code: 'engine.rejected',
    });
    await expect(service.dialogues.resume(ANNA, chat.id)).resolves.toMatchObject({
      state: 'running',
      error_code: null,
    });
    await expect(until(chat.id, 'done')).resolves.toMatchObject({ turns: 4 });
  });

  test('goes on after a restart: the turn that was cut is made again', async () => {
    ollama.play(talk, endless, talk);
    const { chat } = await begin();
    await eventually(async () => {
      const { turns, current_reply_id: id } = await service.dialogues.get(ANNA, chat.id);
      if (turns !== 1 || id === null) return false;
      return (await service.chat.replies.get(ANNA, id)).state === 'streaming';
    });
    await service.shutDown();
    service = await start();
    await expect(until(chat.id, 'done')).resolves.toMatchObject({ turns: 4 });
    expect((await said(chat.id)).slice(1)).toEqual([
      'assistant: llama3 1',
      'assistant: qwen3 1',
      'assistant: llama3 2',
      'assistant: qwen3 2',
    ]);
  });

  test('its turns can be read one after the other', async () => {
    const { chat } = await begin({ max_turns: 2 });
    await until(chat.id, 'done');
    const contents: string[] = [];
    for (let after = 0; ;) {
      const { turn } = await service.dialogues.turnAfter(ANNA, chat.id, after);
      if (turn === null) break;
      contents.push(turn.content);
      after = turn.id;
    }
    expect(contents).toEqual(['llama3 1', 'qwen3 1']);
  });

  test('somebody else’s does not exist, whatever is asked', async () => {
    const { chat } = await begin({ max_turns: 1 });
    const notFound = { code: 'chat.not_found' };
    await expect(service.dialogues.get(BORIS, chat.id)).rejects.toMatchObject(notFound);
    await expect(service.dialogues.stop(BORIS, chat.id)).rejects.toMatchObject(notFound);
    await expect(service.dialogues.resume(BORIS, chat.id)).rejects.toMatchObject(notFound);
    await expect(service.dialogues.turnAfter(BORIS, chat.id, 0)).rejects.toMatchObject(notFound);
    await until(chat.id, 'done');
  });

  test('one that is deleted ends with its turn', async () => {
    ollama.play(endless);
    const { chat } = await begin();
    await eventually(() => ollama.asked.length === 1);
    await service.chat.chats.delete({ userId: ANNA, chatId: chat.id });
    await expect(service.dialogues.get(ANNA, chat.id)).rejects.toMatchObject({ code: 'chat.not_found' });
    expect(ollama.asked).toHaveLength(1);
  });

  test('what is wrong is named: an unknown model by its place, a prompt for nobody by its key', async () => {
    await expect(begin({ models: ['llama3', 'nobody'], system_prompts: {} })).rejects.toMatchObject({
      code: 'model.unknown',
      issues: [{ path: 'models.1' }],
    });
    await expect(begin({ system_prompts: { gemma: 'x' } })).rejects.toMatchObject({
      code: 'request.invalid',
      issues: [{ path: 'system_prompts.gemma' }],
    });
  });
});
