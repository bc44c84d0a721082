import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isFinalState, type Message } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ERRORS } from '@baton/kernel';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import { ChatProcess, engineModel } from '../testing/chat-process.ts';
import { openTestDatabase, type TestDatabase } from '../testing/databases.ts';

const ANNA = 1;
const BORIS = 2;

const answerPrimer: Script = (answer) => {
  for (const piece of ['Use ', 'a ', 'primer.']) answer.text(piece);
  answer.done(3);
};

/** Says one word and then nothing more. */
const hang: Script = (answer) => answer.text('Use');
const silence: Script = () => undefined;

describe('replies', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let service: ChatProcess;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));

  beforeEach(async () => {
    gpu = new FakeGpu(ollama.url);
    const models = [engineModel('gpt-oss:20b'), engineModel('llama3:latest')];
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu, models });
    ollama.play(answerPrimer);
  });
  afterEach(() => service.shutDown());

  async function newChat(userId = ANNA): Promise<number> {
    return (await service.chats.create({ userId, chat: { model: 'gpt-oss:20b' } })).id;
  }

  async function ask(chatId: number, content = 'How do I paint a fence?'): Promise<number> {
    return (await service.replies.send({ userId: ANNA, chatId, content, model: undefined })).reply.id;
  }

  function ended(replyId: number): Promise<Message> {
    return eventually(async () => {
      const reply = await service.replies.get(ANNA, replyId);
      return isFinalState(reply.state) ? reply : null;
    });
  }

  test('a message is answered at once by two stored messages, and then by the model', async () => {
    const chatId = await newChat();
    gpu.pause();
    const sent = await service.replies.send({ userId: ANNA, chatId, content: 'Why?', model: undefined });
    expect(sent.message).toMatchObject({ role: 'user', content: 'Why?', state: 'done' });
    expect(sent.reply).toMatchObject({ role: 'assistant', content: '', state: 'queued', finished_at: null });
    gpu.grantAll();
    await expect(ended(sent.reply.id)).resolves.toMatchObject({
      state: 'done',
      content: 'Use a primer.',
      model: 'gpt-oss:20b',
      error: null,
      usage: { prompt_tokens: 26, completion_tokens: 3 },
      timeline: [
        { lane: { engine: 'ollama', model: 'gpt-oss:20b' }, queued_ms: 5, first_ms: expect.any(Number) },
      ],
    });
  });

  test('the log tells the wait, the text and the end, in this order', async () => {
    gpu.pause();
    const replyId = await ask(await newChat());
    const view = {
      jobId: '',
      stage: 'queued',
      position: 2,
      etaP50Ms: null,
      etaP90Ms: null,
      swap: null,
    } as const;
    await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
    gpu
      .request(`reply-${replyId}-1`)
      .onWaiting?.({ ...view, reason: { code: 'ahead_in_queue', holder: null } });
    gpu.grantAll();
    const events = await service.events(replyId);
    expect(events.map((event) => (event.type === 'state' ? event.state : event.type)).join(' ')).toMatch(
      /^queued queued (loading )?streaming (text )+end$/,
    );
    expect(events[1]).toMatchObject({ position: 2 });
    expect(events.map((event) => (event.type === 'text' ? event.text : '')).join('')).toBe('Use a primer.');
    expect(events.at(-1)).toMatchObject({ state: 'done', usage: { completion_tokens: 3 } });
  });

  test('whoever has seen the end finds the message complete', async () => {
    const replyId = await ask(await newChat());
    for await (const event of service.follow(replyId)) {
      if (event.type !== 'end') continue;
      await expect(service.replies.get(ANNA, replyId)).resolves.toMatchObject({
        state: 'done',
        content: 'Use a primer.',
      });
    }
  });

  test('the model is told the conversation, the settings of the chat, and nothing of images', async () => {
    const chat = { model: 'gpt-oss:20b', system_prompt: 'Be brief.', temperature: 0.2, max_tokens: 50 };
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat });
    await ended(await ask(chatId, 'First?'));
    await service.images.addImageMessages({ userId: ANNA, chatId, description: 'a fence at dusk' });
    await ended(await ask(chatId, 'Second?'));
    expect(ollama.asked[1]?.body).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'Use a primer.' },
        { role: 'user', content: 'Second?' },
      ],
      options: { num_ctx: 2_048, temperature: 0.2, num_predict: 50 },
    });
  });

  test('the first message gives the chat its title, the second does not, and a chosen title stays', async () => {
    const chatId = await newChat();
    await ended(await ask(chatId, 'How do I paint a fence?\nIn detail.'));
    await ended(await ask(chatId, 'And a door?'));
    const { chat } = await service.chats.get({ userId: ANNA, chatId });
    expect(chat.title).toBe('How do I paint a fence?');
    const titled = await service.chats.create({ userId: ANNA, chat: { title: 'Mine', model: 'llama3' } });
    await ended(await ask(titled.id));
    await expect(service.chats.get({ userId: ANNA, chatId: titled.id })).resolves.toMatchObject({
      chat: { title: 'Mine' },
    });
  });

  test('a model named with a message answers it, by its installed name, and stays the chat’s', async () => {
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat: {} });
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content: 'Why?', model: 'LLama3' });
    expect(reply.model).toBe('llama3:latest');
    await ended(reply.id);
    await expect(service.chats.get({ userId: ANNA, chatId })).resolves.toMatchObject({
      chat: { model: 'llama3:latest' },
    });
  });

  test.each([
    [undefined, 'chat.model_required'],
    ['nobody:7b', 'model.unknown'],
    ['gpt-oss:120b-cloud', 'model.unknown'],
  ])('with the model %s nothing is stored and the choice is named (%s)', async (model, code) => {
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat: {} });
    const send = { userId: ANNA, chatId, content: 'Why?', model };
    await expect(service.replies.send(send)).rejects.toMatchObject({
      code,
      issues: [{ path: 'model', message: 'choose one of: gpt-oss:20b, llama3:latest' }],
    });
    await expect(service.chats.get({ userId: ANNA, chatId })).resolves.toMatchObject({ messages: [] });
  });

  test('while a chat is being answered it takes no second message', async () => {
    gpu.pause();
    const chatId = await newChat();
    const replyId = await ask(chatId);
    await expect(ask(chatId)).rejects.toMatchObject({ code: 'chat.busy' });
    gpu.grantAll();
    await ended(replyId);
    await ended(await ask(chatId));
  });

  describe('what goes wrong', () => {
    test.each<[string, Script, string, string]>([
      [
        'an error in the middle',
        (answer) => {
          answer.text('Use');
          answer.line({ error: 'EOF' });
        },
        'engine.failed',
        'Use',
      ],
      [
        'an end without the last line',
        (answer) => (answer.text('Use'), answer.response.end()),
        'engine.truncated',
        'Use',
      ],
      ['a model that is gone', (answer) => answer.refuse(404, "model 'x' not found"), 'model.unknown', ''],
      [
        'too little memory',
        (answer) => answer.refuse(500, 'CUDA error: out of memory'),
        'engine.out_of_memory',
        '',
      ],
    ])('%s is told at once, and the text so far is kept', async (_, script, code, content) => {
      ollama.play(script);
      const replyId = await ask(await newChat());
      const events = await service.events(replyId);
      expect(events.at(-1)).toMatchObject({ type: 'end', state: 'failed', code, say: expect.any(String) });
      const reply = await service.replies.get(ANNA, replyId);
      expect(reply).toMatchObject({ state: 'failed', content, error: { code } });
      expect(ollama.asked).toHaveLength(1);
    });

    test('what fails before the first token is tried again, under a new job each time', async () => {
      const fail: Script = (answer) => answer.refuse(500, 'model runner has unexpectedly stopped');
      ollama.play(fail, (answer) => answer.response.destroy(), answerPrimer);
      const replyId = await ask(await newChat());
      await expect(ended(replyId)).resolves.toMatchObject({ state: 'done', content: 'Use a primer.' });
      expect(gpu.jobIds).toEqual([1, 2, 3].map((attempt) => `reply-${replyId}-${attempt}`));
    });

    test('after three attempts the failure is told', async () => {
      ollama.play((answer) => answer.refuse(503, 'server busy, please try again.'));
      const reply = await ended(await ask(await newChat()));
      expect(reply.error).toEqual({
        code: 'engine.unavailable',
        say: 'The model server is not there. Your request can be sent again.',
      });
      expect(ollama.asked).toHaveLength(3);
    });

    test('a lost lease stops the tokens, closes the connection and keeps the text', async () => {
      let hasLeft = false;
      ollama.play((answer) => {
        answer.text('Use');
        void answer.left.then(() => (hasLeft = true));
      });
      const replyId = await ask(await newChat());
      await eventually(async () => (await service.replies.get(ANNA, replyId)).state === 'streaming');
      gpu.revoke(`reply-${replyId}-1`);
      await expect(ended(replyId)).resolves.toMatchObject({
        state: 'failed',
        content: 'Use',
        error: { code: 'gpu.lease_lost' },
      });
      await eventually(() => hasLeft);
    });

    test.each(['gpu.wait_too_long', 'gpu.overloaded', 'gpu.user_limit'] as const)(
      'a job that the scheduler ends with %s is told so, and not asked for again',
      async (code) => {
        gpu.pause();
        const replyId = await ask(await newChat());
        await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
        gpu.refuse(`reply-${replyId}-1`, code);
        await expect(ended(replyId)).resolves.toMatchObject({
          state: 'failed',
          error: { code, say: ERRORS[code].say },
        });
        expect(gpu.jobIds).toEqual([`reply-${replyId}-1`]);
      },
    );
  });

  describe('stopping', () => {
    test('a waiting reply gives its place back and never reaches the engine', async () => {
      gpu.pause();
      const replyId = await ask(await newChat());
      const stopped = await service.replies.cancel(ANNA, replyId);
      expect(stopped).toMatchObject({ state: 'cancelled', content: '', error: null, timeline: [] });
      await eventually(() => !gpu.isWaiting(`reply-${replyId}-1`));
      expect(ollama.asked).toHaveLength(0);
    });

    test.each([
      ['before the first token', silence, ''],
      ['in the middle', hang, 'Use'],
    ])('%s the engine is left at once and the text is kept', async (_, script, content) => {
      let hasLeft = false;
      ollama.play((answer, asked) => {
        void answer.left.then(() => (hasLeft = true));
        return script(answer, asked);
      });
      const replyId = await ask(await newChat());
      const before = content === '' ? ['queued', 'loading'] : ['streaming'];
      await eventually(async () => {
        const { state } = await service.replies.get(ANNA, replyId);
        return ollama.asked.length === 1 && before.includes(state);
      });
      const stopped = await service.replies.cancel(ANNA, replyId);
      expect(stopped).toMatchObject({ state: 'cancelled', content, error: null });
      expect(stopped.timeline).toHaveLength(1);
      await eventually(() => hasLeft);
      await expect(service.events(replyId)).resolves.toContainEqual(
        expect.objectContaining({ type: 'end', state: 'cancelled', code: null }),
      );
    });

    test('twice at once is the same as once, and a reply that has ended stays as it is', async () => {
      ollama.play(hang);
      const replyId = await ask(await newChat());
      const [one, two] = await Promise.all([
        service.replies.cancel(ANNA, replyId),
        service.replies.cancel(ANNA, replyId),
      ]);
      expect(one).toEqual(two);
      await expect(service.replies.cancel(ANNA, replyId)).resolves.toEqual(one);
      ollama.play(answerPrimer);
      const done = await ended(await ask(one.chat_id));
      await expect(service.replies.cancel(ANNA, done.id)).resolves.toEqual(done);
    });

    test('between two attempts there is no third', async () => {
      ollama.play((answer) => answer.refuse(500, 'model runner has unexpectedly stopped'));
      const replyId = await ask(await newChat());
      await eventually(() => ollama.asked.length === 1);
      await expect(service.replies.cancel(ANNA, replyId)).resolves.toMatchObject({ state: 'cancelled' });
      expect(ollama.asked.length).toBeLessThan(3);
    });

    test('deleting a chat stops its reply', async () => {
      let hasLeft = false;
      ollama.play((answer) => {
        answer.text('Use');
        void answer.left.then(() => (hasLeft = true));
      });
      const chatId = await newChat();
      const replyId = await ask(chatId);
      await eventually(() => ollama.asked.length === 1);
      await service.chats.delete({ userId: ANNA, chatId });
      await eventually(() => hasLeft);
      await expect(service.replies.get(ANNA, replyId)).rejects.toMatchObject({ code: 'reply.not_found' });
    });
  });

  describe('answering again', () => {
    test('replaces the latest answer by a new one to the same question', async () => {
      const chatId = await newChat();
      const first = await ended(await ask(chatId, 'Why?'));
      ollama.play((answer) => {
        answer.text('Because.');
        answer.done(1);
      });
      const again = await service.replies.regenerate({ userId: ANNA, chatId, messageId: first.id });
      await ended(again.id);
      const { messages } = await service.chats.get({ userId: ANNA, chatId });
      expect(messages.map(({ content }) => content)).toEqual(['Why?', 'Because.']);
      expect(ollama.asked[0]?.body['messages']).toEqual([{ role: 'user', content: 'Why?' }]);
    });

    test('is refused while the chat is answering, and for what is not there', async () => {
      const chatId = await newChat();
      const old = await ended(await ask(chatId));
      ollama.play(hang);
      const running = await ask(chatId);
      const again = (messageId: number): Promise<Message> =>
        service.replies.regenerate({ userId: ANNA, chatId, messageId });
      await expect(again(old.id)).rejects.toMatchObject({ code: 'chat.busy' });
      await expect(again(running)).rejects.toMatchObject({ code: 'chat.busy' });
      await service.replies.cancel(ANNA, running);
      await expect(again(running + 1_000)).rejects.toMatchObject({ code: 'chat.message_not_found' });
    });
  });

  test('to another user a chat and its replies do not exist', async () => {
    const chatId = await newChat();
    const reply = await ended(await ask(chatId));
    const notFound = (code: string) => expect.objectContaining({ code });
    const send = { userId: BORIS, chatId, content: 'Hello?', model: undefined };
    await expect(service.replies.send(send)).rejects.toEqual(notFound('chat.not_found'));
    await expect(service.replies.get(BORIS, reply.id)).rejects.toEqual(notFound('reply.not_found'));
    await expect(service.replies.cancel(BORIS, reply.id)).rejects.toEqual(notFound('reply.not_found'));
    await expect(service.replies.regenerate({ userId: BORIS, chatId, messageId: reply.id })).rejects.toEqual(
      notFound('chat.not_found'),
    );
    await expect(service.chats.delete({ userId: BORIS, chatId })).rejects.toEqual(notFound('chat.not_found'));
    await expect(service.replies.cancelAll(BORIS, chatId)).rejects.toEqual(notFound('chat.not_found'));
    await expect(service.replies.cancelAll(ANNA, chatId)).resolves.toEqual([]);
    await expect(service.chats.get({ userId: ANNA, chatId })).resolves.toMatchObject({
      messages: [{}, reply],
    });
  });

  test('two users’ replies run side by side and keep apart', async () => {
    ollama.play(async (answer, { body }) => {
      const [{ content }] = body['messages'] as [{ content: string }];
      for (const letter of content) {
        answer.text(letter);
        await new Promise((resolve) => setImmediate(resolve));
      }
      answer.done(content.length);
    });
    const chats = [await newChat(ANNA), await newChat(BORIS)] as const;
    const texts = ['anna anna anna', 'boris boris boris'] as const;
    const sent = await Promise.all([
      service.replies.send({ userId: ANNA, chatId: chats[0], content: texts[0], model: undefined }),
      service.replies.send({ userId: BORIS, chatId: chats[1], content: texts[1], model: undefined }),
    ]);
    const logs = await Promise.all(sent.map(({ reply }) => service.events(reply.id)));
    expect(logs.map((log) => log.map((event) => (event.type === 'text' ? event.text : '')).join(''))).toEqual(
      texts,
    );
  });

  test('outcomes, tokens and first-token times are counted', async () => {
    await ended(await ask(await newChat()));
    const text = await service.metrics.registry.metrics();
    expect(text).toMatch(/baton_replies_total\{outcome="done",code=""[^}]*\} 1/);
    expect(text).toMatch(/baton_reply_tokens_total\{model="gpt-oss:20b",kind="completion"[^}]*\} 3/);
    expect(text).toMatch(/baton_reply_first_token_seconds_count\{[^}]*model="gpt-oss:20b"[^}]*\} 1/);
  });
});
