import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Message } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import { answered, chatCore, type ChatCore } from '../testing/chat-core.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import type { Place } from './exchange.ts';

describe.each(DIALECTS)('messages of a chat in %s', (dialect) => {
  let database: TestDatabase;
  let core: ChatCore;
  const clock = new FakeClock();
  let nextUser = 1;

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    core = chatCore(database.source, clock);
  });
  afterAll(() => database.close());

  /** A chat of a user who has no other. */
  class Conversation {
    readonly userId = nextUser++;
    readonly chatId: number;

    constructor(chatId: number, userId: number) {
      this.chatId = chatId;
      this.userId = userId;
    }

    static async begin(): Promise<Conversation> {
      const userId = nextUser++;
      return new Conversation((await core.chats.create(userId, { model: 'gpt-oss:20b' })).id, userId);
    }

    name(messageId: number): { userId: number; chatId: number; messageId: number } {
      return { userId: this.userId, chatId: this.chatId, messageId };
    }

    /** Question and answer. */
    async say(content: string, place: Place = {}): Promise<{ message: Message; reply: Message }> {
      const { userId, chatId } = this;
      const begun = await core.exchanges.begin({ userId, chatId, content, ...place });
      await core.exchanges.finish(begun.task.replyId, answered(`${content} - yes`));
      return begun;
    }

    async again(messageId: number, text: string): Promise<Message> {
      const { reply } = await core.exchanges.again(this.name(messageId));
      await core.exchanges.finish(reply.id, answered(text));
      return reply;
    }

    async shown(): Promise<string[]> {
      return (await core.chats.get(this.userId, this.chatId)).messages.map(({ content }) => content);
    }

    /** What the model is told before an answer, newest first. */
    async told(replyId: number): Promise<string[]> {
      const told: string[] = [];
      for await (const { content } of core.exchanges.before(this.chatId, replyId)) told.push(content);
      return told;
    }

    async isFound(q: string): Promise<boolean> {
      const { chats } = await core.chats.list(this.userId, { q, limit: 10 });
      return chats.some(({ id }) => id === this.chatId);
    }
  }

  test('gone are deleted messages, those of a deleted chat, and those that never were', async () => {
    const kept = await Conversation.begin();
    const one = await kept.say('one');
    const two = await kept.say('two');
    const other = await Conversation.begin();
    const three = await other.say('three');
    const asked = [one.reply.id, two.reply.id, three.reply.id, 9_999_999];
    await expect(core.chats.goneMessages(asked)).resolves.toEqual([9_999_999]);
    await core.messages.remove(kept.name(two.reply.id));
    await core.chats.delete(other.userId, other.chatId);
    await expect(core.chats.goneMessages(asked)).resolves.toEqual([two.reply.id, three.reply.id, 9_999_999]);
    await expect(core.chats.goneMessages([])).resolves.toEqual([]);
  });

  describe('branches', () => {
    test('a message that is said differently opens a branch; the old one stays and can be shown again', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      const second = await chat.say('two');
      const other = await chat.say('zwei', { replaces: second.message.id });
      expect(other.message.siblings).toEqual([second.message.id, other.message.id]);
      expect(other.message.parent_id).toBe(first.reply.id);
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'zwei', 'zwei - yes']);
      await expect(chat.told(other.reply.id)).resolves.toEqual(['zwei', 'one - yes', 'one']);

      await core.messages.select(chat.name(second.message.id));
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'two', 'two - yes']);
      const { messages } = await core.chats.get(chat.userId, chat.chatId);
      expect(messages.map(({ siblings }) => siblings.length)).toEqual([1, 1, 2, 1]);
    });

    test('the first message can be said differently too', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      const other = await chat.say('eins', { replaces: first.message.id });
      expect(other.message).toMatchObject({
        parent_id: null,
        siblings: [first.message.id, other.message.id],
      });
      await expect(chat.shown()).resolves.toEqual(['eins', 'eins - yes']);
    });

    test('a message can follow any other', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      await chat.say('two');
      const branch = await chat.say('other', { parentId: first.reply.id });
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'other', 'other - yes']);
      await expect(chat.told(branch.reply.id)).resolves.toEqual(['other', 'one - yes', 'one']);
    });

    test('any answer can be made again, and stands beside the old one', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      await chat.say('two');
      const again = await chat.again(first.reply.id, 'no');
      expect(again.siblings).toEqual([first.reply.id, again.id]);
      await expect(chat.shown()).resolves.toEqual(['one', 'no']);
      await expect(chat.told(again.id)).resolves.toEqual(['one']);
      await core.messages.select(chat.name(first.reply.id));
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'two', 'two - yes']);
    });

    test('an answer made again keeps what was asked for, but is never one given before', async () => {
      const chat = await Conversation.begin();
      const { userId, chatId } = chat;
      const options = { think: 'high', task_type: 'reasoning' } as const;
      const { reply, task } = await core.exchanges.begin({ userId, chatId, content: 'Why?', options });
      expect(task).toMatchObject({ options, think: 'high', routing: { because: 'task_type' } });
      await core.exchanges.finish(reply.id, answered('Because.'));
      const again = await core.exchanges.again({ ...chat.name(reply.id), engine: 'gpu' });
      expect(again.task.options).toEqual({ ...options, use_cache: false, engine: 'gpu' });
      await core.exchanges.finish(again.reply.id, answered('So.'));
      const other = await core.exchanges.again({ ...chat.name(reply.id), model: 'llama3:8b', think: false });
      expect(other.task).toMatchObject({ model: 'llama3:8b', think: false, routing: null });
      expect(other.task.options).toEqual({ think: false, use_cache: false });
      expect((await core.chats.get(userId, chatId)).chat.model).toBe('gpt-oss:20b');
    });

    test('selecting leads down to the newest end', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      const second = await chat.say('two');
      await chat.again(second.reply.id, 'newest of two');
      await chat.say('eins', { replaces: first.message.id });
      await core.messages.select(chat.name(first.message.id));
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'two', 'newest of two']);
    });

    test('pictures are on their branch like everything else', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      await core.chats.addImageMessages({
        userId: chat.userId,
        chatId: chat.chatId,
        description: 'a fence',
      });
      const after = await chat.say('two');
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'a fence', '', 'two', 'two - yes']);
      await expect(chat.told(after.reply.id)).resolves.toEqual(['two', 'one - yes', 'one']);
      await chat.say('other', { parentId: first.reply.id });
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'other', 'other - yes']);
    });

    test('pictures that a user shows are told with their turn', async () => {
      const chat = await Conversation.begin();
      const { userId, chatId } = chat;
      const attachments = [{ image_id: 7, width: 10, height: 20 }];
      const begun = await core.exchanges.begin({ userId, chatId, content: 'What is this?', attachments });
      expect(begun.message.attachments).toEqual(attachments);
      const turns = [];
      for await (const turn of core.exchanges.before(chatId, begun.reply.id)) turns.push(turn);
      expect(turns).toEqual([expect.objectContaining({ content: 'What is this?', imageIds: [7] })]);
    });

    test('what is not there, not mine or not a message of mine cannot be continued', async () => {
      const chat = await Conversation.begin();
      const stranger = await Conversation.begin();
      const first = await chat.say('one');
      const foreign = await stranger.say('secret');
      for (const place of [
        { parentId: foreign.reply.id },
        { replaces: foreign.message.id },
        { parentId: 9e8 },
      ]) {
        await expect(chat.say('x', place)).rejects.toMatchObject({ code: 'chat.message_not_found' });
      }
      await expect(chat.say('x', { replaces: first.reply.id })).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'replaces' }],
      });
      await expect(core.exchanges.again(chat.name(first.message.id))).rejects.toMatchObject({
        code: 'chat.message_not_found',
      });
      await expect(core.messages.select(chat.name(foreign.reply.id))).rejects.toMatchObject({
        code: 'chat.message_not_found',
      });
      await expect(
        core.messages.select({ ...chat.name(first.reply.id), userId: stranger.userId }),
      ).rejects.toMatchObject({ code: 'chat.not_found' });
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes']);
    });

    test('one answer at a time is written in a chat, on whatever branch; in a batch as many as there are', async () => {
      const chat = await Conversation.begin();
      const { userId, chatId } = chat;
      const first = await chat.say('one');
      await core.exchanges.begin({ userId, chatId, content: 'two' });
      await expect(core.exchanges.again(chat.name(first.reply.id))).rejects.toMatchObject({
        code: 'chat.busy',
      });
      await expect(chat.say('eins', { replaces: first.message.id })).rejects.toMatchObject({
        code: 'chat.busy',
      });

      const batch = await core.repository.createKind({ userId, kind: 'batch', model: 'gpt-oss:20b' }, 1);
      const item = { userId, chatId: batch.id, parentId: null, hidden: true, leaf: 'stay' } as const;
      const begun = await Promise.all([1, 2, 3].map(() => core.exchanges.beginReply(item)));
      expect(new Set(begun.map(({ reply }) => reply.id)).size).toBe(3);
    });

    test('hidden chats are there only for whoever knows that they are hidden', async () => {
      const userId = nextUser++;
      const { chat, reply } = await core.exchanges.beginNew(
        { userId, kind: 'one_shot', model: 'gpt-oss:20b', temperature: 0.1, system_prompt: 'Be brief.' },
        { content: 'unheardof' },
      );
      await core.exchanges.finish(reply.id, answered('unheardof too'));
      await expect(core.chats.get(userId, chat.id)).rejects.toMatchObject({ code: 'chat.not_found' });
      await expect(core.chats.delete(userId, chat.id)).rejects.toMatchObject({ code: 'chat.not_found' });
      await expect(core.exchanges.begin({ userId, chatId: chat.id, content: 'more' })).rejects.toMatchObject({
        code: 'chat.not_found',
      });
      await expect(core.chats.list(userId, { limit: 10 })).resolves.toMatchObject({ chats: [] });
      await expect(core.chats.list(userId, { q: 'unheardof', limit: 10 })).resolves.toMatchObject({
        chats: [],
      });
      await expect(core.repository.findKind(userId, chat.id, 'one_shot')).resolves.toMatchObject({
        temperature: 0.1,
      });
    });

    test('a turn in a chat between models has the system prompt of who speaks', async () => {
      const userId = nextUser++;
      const plan = { participants: [{ system_prompt: 'You are A' }, { system_prompt: null }] };
      const chat = await core.repository.createKind({ userId, kind: 'models', plan, model: 'llama3:8b' }, 1);
      const turn = async (index: number) => {
        const details = { speaker: { index, model: 'llama3:8b' } };
        const { task } = await core.exchanges.beginReply({
          userId,
          chatId: chat.id,
          parentId: null,
          details,
        });
        const [left] = (await core.exchanges.leftBehind()).filter((one) => one.task.replyId === task.replyId);
        expect(left?.task).toEqual(task);
        await core.exchanges.finish(task.replyId, answered('said'));
        return task.systemPrompt;
      };
      await expect(turn(0)).resolves.toBe('You are A');
      await expect(turn(1)).resolves.toBeNull();
    });
  });

  describe('pages', () => {
    test('joined together are the shown branch, however many others there are', async () => {
      const chat = await Conversation.begin();
      for (let n = 0; n < 8; n += 1) {
        const { reply } = await chat.say(`m${n}`);
        if (n % 3 === 0) await chat.again(reply.id, `again ${n}`);
      }
      const whole = await core.chats.get(chat.userId, chat.chatId, { limit: 200 });
      expect(whole.messages).toHaveLength(16);
      expect(whole.previous_cursor).toBeNull();
      for (const limit of [1, 3, 15, 16]) {
        const paged: Message[] = [];
        for (let before: string | undefined; ;) {
          const page = await core.chats.get(chat.userId, chat.chatId, { limit, before });
          paged.unshift(...page.messages);
          if (page.previous_cursor === null) break;
          before = page.previous_cursor;
        }
        expect(paged).toEqual(whole.messages);
      }
    });

    test('go on where they were when the message at the cursor is deleted meanwhile', async () => {
      const chat = await Conversation.begin();
      const first = await chat.say('one');
      await chat.say('two');
      const page = await core.chats.get(chat.userId, chat.chatId, { limit: 2 });
      await core.messages.remove(chat.name(first.reply.id));
      const before = await core.chats.get(chat.userId, chat.chatId, {
        limit: 2,
        before: page.previous_cursor ?? '',
      });
      expect(before.messages.map(({ content }) => content)).toEqual(['one']);
    });

    test('a cursor of another chat leads nowhere, and nonsense is refused', async () => {
      const [mine, other] = [await Conversation.begin(), await Conversation.begin()];
      await mine.say('one');
      await other.say('secret');
      const { previous_cursor: foreign } = await core.chats.get(other.userId, other.chatId, { limit: 1 });
      await expect(
        core.chats.get(mine.userId, mine.chatId, { before: foreign ?? '' }),
      ).resolves.toMatchObject({ messages: [], previous_cursor: null });
      await expect(core.chats.get(mine.userId, mine.chatId, { before: 'x' })).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'before' }],
      });
    });
  });

  describe('changing a message', () => {
    test('its words are changed, for readers, model and search; the branch stays', async () => {
      const chat = await Conversation.begin();
      const { message, reply } = await chat.say('paint');
      await clock.advance(1_000);
      const edited = await core.messages.edit(chat.name(message.id), 'varnish');
      expect(edited).toMatchObject({ content: 'varnish', edited_at: new Date(clock.now()).toISOString() });
      await core.messages.edit(chat.name(reply.id), 'certainly');
      await expect(chat.shown()).resolves.toEqual(['varnish', 'certainly']);
      const next = await chat.say('more');
      await expect(chat.told(next.reply.id)).resolves.toEqual(['more', 'certainly', 'varnish']);
      await expect(chat.isFound('varnish certainly')).resolves.toBe(true);
      // The title, cut from the first message, still has it.
      await core.chats.update(chat.userId, chat.chatId, { title: 'other' });
      await expect(chat.isFound('paint')).resolves.toBe(false);
      await expect(chat.isFound('yes')).resolves.toBe(true);
    });

    test('is refused while it is written, and for pictures', async () => {
      const chat = await Conversation.begin();
      const { userId, chatId } = chat;
      const { reply } = await core.exchanges.begin({ userId, chatId, content: 'one' });
      await expect(core.messages.edit(chat.name(reply.id), 'x')).rejects.toMatchObject({
        code: 'message.being_written',
      });
      const image = await core.chats.addImageMessages({ userId, chatId, description: 'a fence' });
      await expect(core.messages.edit(chat.name(image.reply.id), 'x')).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'message_id' }],
      });
    });
  });

  describe('deleting a message', () => {
    test('hands on what followed it, and its words are found no more', async () => {
      const chat = await Conversation.begin();
      await chat.say('one');
      const { message, reply } = await chat.say('rhubarb');
      await chat.say('three');
      await core.messages.remove(chat.name(message.id));
      await core.messages.remove(chat.name(reply.id));
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes', 'three', 'three - yes']);
      await expect(chat.isFound('rhubarb')).resolves.toBe(false);
      await expect(core.messages.remove(chat.name(reply.id))).rejects.toMatchObject({
        code: 'chat.message_not_found',
      });
    });

    test('at the end shows another version, or what came before', async () => {
      const chat = await Conversation.begin();
      const { reply } = await chat.say('one');
      const again = await chat.again(reply.id, 'no');
      await core.messages.remove(chat.name(again.id));
      await expect(chat.shown()).resolves.toEqual(['one', 'one - yes']);
      await core.messages.remove(chat.name(reply.id));
      await expect(chat.shown()).resolves.toEqual(['one']);
      const { messages } = await core.chats.get(chat.userId, chat.chatId);
      await core.messages.remove(chat.name(messages[0]?.id ?? 0));
      await expect(chat.shown()).resolves.toEqual([]);
      await expect(chat.say('anew')).resolves.toMatchObject({ message: { parent_id: null } });
    });

    test('of the first message leaves the rest', async () => {
      const chat = await Conversation.begin();
      const { message } = await chat.say('one');
      await chat.say('two');
      await core.messages.remove(chat.name(message.id));
      await expect(chat.shown()).resolves.toEqual(['one - yes', 'two', 'two - yes']);
    });
  });

  test('answers in words are rated, and the rating is taken back, without moving the chat in the list', async () => {
    const chat = await Conversation.begin();
    const { message, reply } = await chat.say('one');
    const { updated_at: before } = (await core.chats.get(chat.userId, chat.chatId)).chat;
    await clock.advance(1_000);
    await expect(core.messages.rate(chat.name(reply.id), 'up')).resolves.toMatchObject({ rating: 'up' });
    await expect(core.messages.rate(chat.name(reply.id), null)).resolves.toMatchObject({ rating: null });
    await core.messages.select(chat.name(reply.id));
    expect((await core.chats.get(chat.userId, chat.chatId)).chat.updated_at).toBe(before);
    await expect(core.messages.rate(chat.name(message.id), 'up')).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  test('a setting of a chat must be one that works, and is changed on the fly', async () => {
    const chat = await Conversation.begin();
    const { userId, chatId } = chat;
    await expect(core.chats.update(userId, chatId, { model: 'none' })).rejects.toMatchObject({
      code: 'model.unknown',
    });
    await expect(core.chats.create(userId, { model: 'none' })).rejects.toMatchObject({
      code: 'model.unknown',
    });
    const settings = { model: 'llama3:8b', top_p: 0.5, think: 'low', temperature: 0 } as const;
    await expect(core.chats.update(userId, chatId, settings)).resolves.toMatchObject(settings);
    const { task } = await core.exchanges.begin({ userId, chatId, content: 'one' });
    expect(task).toMatchObject({ model: 'llama3:8b', topP: 0.5, think: 'low', temperature: 0 });
    await expect(core.chats.update(userId, chatId, { think: null, top_p: null })).resolves.toMatchObject({
      think: null,
      top_p: null,
    });
  });

  test('a model’s title takes the place of one cut from the message, never of the user’s own', async () => {
    const chat = await Conversation.begin();
    await chat.say('hello there');
    const title = async () => (await core.chats.get(chat.userId, chat.chatId)).chat.title;
    await expect(title()).resolves.toBe('hello there');
    await expect(core.repository.setModelTitle(chat.chatId, 'A greeting')).resolves.toBe(true);
    await expect(title()).resolves.toBe('A greeting');
    await expect(chat.isFound('greeting')).resolves.toBe(true);
    await core.chats.update(chat.userId, chat.chatId, { title: 'Mine' });
    await expect(core.repository.setModelTitle(chat.chatId, 'Not this')).resolves.toBe(false);
    await expect(title()).resolves.toBe('Mine');
    await expect(chat.isFound('greeting')).resolves.toBe(false);
  });

  test('the search wants all words, by their beginnings, wherever in the chat they are', async () => {
    const chat = await Conversation.begin();
    await chat.say('Как покрасить забор?');
    await chat.say('А ёлку?');
    for (const q of [
      'забор елку',
      'ПОКР',
      'покрасить',
      'yes забор',
      '"забор*"',
      "забор' OR 1=1 --".slice(0, 6),
    ]) {
      await expect(chat.isFound(q)).resolves.toBe(true);
    }
    for (const q of ['забор дом', 'абор', '%', '*', '"', '🙂']) {
      await expect(chat.isFound(q)).resolves.toBe(false);
    }
  });
});
