import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chatFile, type ChatFile } from '@baton/contracts';
import { AppError, systemClock } from '@baton/kernel';
import fc from 'fast-check';
import { answered, chatCore, type ChatCore } from '../testing/chat-core.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import { ChatsRepository, type ChatTurn } from './chats.repository.ts';
import { PurgeRepository } from './purge.repository.ts';
import { TransfersService } from './transfers.service.ts';

type Said = ChatFile['messages'][number];

/** Times that the databases and the file both keep exactly. */
const time = fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => new Date(ms).toISOString());
const words = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => text.trim() !== '' && text.isWellFormed());

/** Any tree of messages, of which one branch is open. */
const messages: fc.Arbitrary<Said[]> = fc
  .array(
    fc.record({
      parent: fc.nat(),
      isRoot: fc.boolean(),
      role: fc.constantFrom('user' as const, 'assistant' as const),
      content: words,
      thinking: fc.option(words),
      model: fc.option(fc.constantFrom('llama3:8b', 'gone:1b')),
      created_at: time,
    }),
    { minLength: 1, maxLength: 12 },
  )
  .chain((all) =>
    fc.nat({ max: all.length - 1 }).map((leaf) => {
      const tree = all.map(({ parent, isRoot, ...said }, index) => ({
        ...said,
        id: index * 3 + 7,
        parent_id: index === 0 || isRoot ? null : (parent % index) * 3 + 7,
        shown: false,
      }));
      for (let at = tree[leaf]; at !== undefined;) {
        at.shown = true;
        const { parent_id: parentId } = at;
        at = tree.find(({ id }) => id === parentId);
      }
      return tree;
    }),
  );

const file: fc.Arbitrary<ChatFile> = fc.record({
  format: fc.constant('baton-chat' as const),
  version: fc.constant(1 as const),
  exported_at: time,
  chat: fc.record({
    title: words,
    model: fc.option(fc.constantFrom('gpt-oss:20b', 'gone:1b')),
    temperature: fc.option(fc.constantFrom(0, 0.7, 2)),
    top_p: fc.option(fc.constantFrom(0.1, 1)),
    max_tokens: fc.option(fc.integer({ min: 1, max: 131_072 })),
    think: fc.option(fc.constantFrom(true, false, 'low' as const, 'high' as const)),
    system_prompt: fc.option(words),
  }),
  messages,
});

/** Ids as places in the file: what they are called is the database's business. */
function anonymous({ chat, messages: all }: ChatFile): unknown {
  const places = new Map(all.map(({ id }, index) => [id, index]));
  return {
    chat,
    messages: all.map(({ id, parent_id: parentId, ...said }) => ({
      ...said,
      id: places.get(id),
      parent_id: parentId === null ? null : places.get(parentId),
    })),
  };
}

describe.each(DIALECTS)('chats as files in %s', (dialect) => {
  let database: TestDatabase;
  let core: ChatCore;
  let transfers: TransfersService;
  let nextUser = 1;

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    core = chatCore(database.source);
    transfers = new TransfersService(core.repository, core.branches, systemClock);
  });
  afterAll(() => database.close());

  async function saved(userId: number, chatId: number): Promise<ChatFile> {
    const { text } = await transfers.export(userId, chatId, 'json');
    return chatFile.parse(JSON.parse(text));
  }

  test('what is imported is exported as it was: every branch, every setting, the open branch', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (given) => {
        const userId = nextUser++;
        const { id } = await transfers.import(userId, chatFile.parse(given));
        expect(anonymous(await saved(userId, id))).toEqual(anonymous(given));
      }),
      { numRuns: 25 },
    );
  });

  test('an imported chat goes on where it was, belongs to who imported it, and is found', async () => {
    const [mine, other] = [nextUser++, nextUser++];
    const { id } = await core.chats.create(mine, { title: 'Rhubarb', model: 'gpt-oss:20b' });
    const { reply, message } = await core.exchanges.begin({ userId: mine, chatId: id, content: 'one' });
    await core.exchanges.finish(reply.id, answered('first'));
    const again = await core.exchanges.again({ userId: mine, chatId: id, messageId: reply.id });
    await core.exchanges.finish(again.reply.id, answered('second'));
    await core.chats.addImageMessages({ userId: mine, chatId: id, description: 'a fence' });
    await core.messages.select({ userId: mine, chatId: id, messageId: message.id });

    const copy = await transfers.import(other, await saved(mine, id));
    const shown = await core.chats.get(other, copy.id);
    // The picture has no words, and is not part of the file.
    expect(shown.messages.map(({ content }) => content)).toEqual(['one', 'second', 'a fence']);
    expect(shown.messages[1]?.siblings).toHaveLength(2);
    expect(shown.messages.every(({ finished_at: at }) => at !== null)).toBe(true);
    const found = await core.chats.list(other, { q: 'rhubarb fence first', limit: 10 });
    expect(found.chats.map((chat) => chat.id)).toEqual([copy.id]);
    const next = await core.exchanges.begin({ userId: other, chatId: copy.id, content: 'more' });
    expect(next.message.parent_id).toBe(shown.messages.at(-1)?.id);
    await expect(saved(other, id)).rejects.toMatchObject({ code: 'chat.not_found' });
  });

  test('a file whose messages do not fit together leaves nothing behind', async () => {
    const userId = nextUser++;
    const [good] = fc.sample(file, 1);
    if (good === undefined) throw new Error('unreachable');
    const bad = { ...good, messages: good.messages.map((said) => ({ ...said, parent_id: 1 })) };
    await expect(transfers.import(userId, bad)).rejects.toMatchObject({
      code: 'chat.file_invalid',
      issues: expect.arrayContaining([expect.objectContaining({ path: 'messages.0.parent_id' })]),
    });
    await expect(core.chats.list(userId, { limit: 10 })).resolves.toMatchObject({ chats: [] });
  });

  /** A chat of `count` messages in a row, each with that text and its number. */
  function longFile(count: number, content = 'rhubarb'): ChatFile {
    const [{ chat } = { chat: undefined }] = fc.sample(file, 1);
    if (chat === undefined) throw new Error('unreachable');
    const created_at = new Date(0).toISOString();
    const said = Array.from({ length: count }, (_, n): Said => ({
      id: n + 1,
      parent_id: n === 0 ? null : n,
      role: n % 2 === 0 ? 'user' : 'assistant',
      content: `${content} ${n}`,
      thinking: null,
      model: null,
      created_at,
      shown: true,
    }));
    return { format: 'baton-chat', version: 1, exported_at: created_at, chat, messages: said };
  }

  test('a long file keeps nobody waiting, and its chat is not there before all of it is', async () => {
    const [mine, other] = [nextUser++, nextUser++];
    const { id } = await core.chats.create(other, { model: 'gpt-oss:20b' });
    const order: string[] = [];
    const importing = transfers.import(mine, longFile(1_500)).then(() => order.push('imported'));
    await core.exchanges.begin({ userId: other, chatId: id, content: 'Why?' }).then(() => order.push('sent'));
    await expect(core.chats.list(mine, { limit: 10 })).resolves.toMatchObject({ chats: [] });
    await importing;
    expect(order).toEqual(['sent', 'imported']);
    const [chat] = (await core.chats.list(mine, { q: 'rhubarb 1499', limit: 10 })).chats;
    expect(chat).toBeDefined();
    expect((await saved(mine, chat?.id ?? 0)).messages).toHaveLength(1_500);
  });

  test('an import that is cut off leaves a chat that nobody sees and that the purge takes away', async () => {
    const userId = nextUser++;
    class Cut extends ChatsRepository {
      private turns = 0;
      override turn<T>(work: (chats: ChatTurn) => Promise<T>): Promise<T> {
        this.turns += 1;
        return this.turns > 3 ? Promise.reject(new AppError('store.unavailable')) : super.turn(work);
      }
    }
    const cut = new TransfersService(new Cut(database.source), core.branches, systemClock);
    await expect(cut.import(userId, longFile(500))).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(core.chats.list(userId, { limit: 10 })).resolves.toMatchObject({ chats: [] });
    await expect(core.chats.list(userId, { q: 'rhubarb', limit: 10 })).resolves.toMatchObject({ chats: [] });
    const due = await new PurgeRepository(database.source).deletedChats(Date.now() + 1_000, 100);
    expect(due).toHaveLength(1);
  });

  test('a chat whose words would fill the memory is refused, however few its messages are', async () => {
    const userId = nextUser++;
    const { id } = await transfers.import(userId, longFile(17, 'a'.repeat(999_990)));
    await expect(transfers.export(userId, id, 'json')).rejects.toMatchObject({ code: 'chat.too_long' });
  });

  test('a chat without a message is a file too, in both forms', async () => {
    const userId = nextUser++;
    const { id } = await core.chats.create(userId, {});
    expect((await saved(userId, id)).messages).toEqual([]);
    await expect(transfers.export(userId, id, 'markdown')).resolves.toEqual({
      file_name: `chat-${id}.md`,
      media_type: 'text/markdown',
      text: '# Chat\n',
    });
  });
});
