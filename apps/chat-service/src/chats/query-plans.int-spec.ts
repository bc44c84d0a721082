import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DataSource, Logger } from 'typeorm';
import { answered, chatCore, type ChatCore } from '../testing/chat-core.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import { PurgeRepository } from './purge.repository.ts';

const USER = 1;
const CHATS = 10_000;
const LONG_CHAT = CHATS;
const MESSAGES = 5_000;
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** How the database goes about a statement, one step a line. */
async function planOf(source: DataSource, { sql, parameters }: Statement): Promise<string[]> {
  if (source.options.type === 'better-sqlite3') {
    const steps = await source.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]);
    return steps.map(({ detail }) => detail);
  }
  const steps = await source.query<Record<string, unknown>[]>(`EXPLAIN ${sql}`, [...parameters]);
  return steps.map((step) => ['table', 'type', 'key', 'Extra'].map((name) => String(step[name])).join(' | '));
}

/** Steps that read a whole table, or sort what no index has in order. Lists made on the way are no tables. */
function slowSteps(plan: readonly string[]): string[] {
  return plan.filter((step) => {
    if (/^SCAN (?!.*USING (COVERING )?INDEX)|TEMP B-TREE FOR ORDER BY|Using filesort/.test(step)) return true;
    return / \| ALL \| /.test(step) && !/^<(subquery|derived)/.test(step);
  });
}

describe.each(DIALECTS)('with 10,000 chats, 5,000 messages in one, in %s', (dialect) => {
  let database: TestDatabase;
  let core: ChatCore;
  let asked: Statement[] = [];

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    await fill(database.source);
    core = chatCore(database.source);
    const remember = (sql: string, parameters: unknown[] = []): void => {
      if (/^SELECT/i.test(sql)) asked.push({ sql, parameters });
    };
    const nothing = (): void => undefined;
    const logger: Logger = {
      logQuery: remember,
      logQueryError: nothing,
      logQuerySlow: nothing,
      logSchemaBuild: nothing,
      logMigration: nothing,
      log: nothing,
    };
    database.source.logger = logger;
  }, 120_000);
  afterAll(() => database.close());

  /** All statements that `work` reads with, and how each is carried out. */
  async function plansOf(work: () => Promise<unknown>): Promise<string[][]> {
    asked = [];
    await work();
    const statements = asked;
    expect(statements.length).toBeGreaterThan(0);
    const plans: string[][] = [];
    for (const statement of statements) plans.push(await planOf(database.source, statement));
    return plans;
  }

  test('a page of the list, and the one after it, come in order from the index', async () => {
    const first = await core.chats.list(USER, { limit: 50 });
    const cursor = first.next_cursor ?? '';
    for (const query of [{ limit: 50 }, { limit: 50, cursor }]) {
      const plans = await plansOf(() => core.chats.list(USER, query));
      expect(plans.flatMap(slowSteps)).toEqual([]);
      expect(plans.flat().join()).toContain('chats_listed');
    }
  });

  test('a search reads words from their index, and no text', async () => {
    for (const q of ['chat77', 'alp', 'alpha chat5', 'nowhere']) {
      const plans = await plansOf(() => core.chats.list(USER, { q, limit: 50 }));
      const words = plans.flat().filter((step) => /said|words_of_user/.test(step));
      expect(words.length).toBeGreaterThan(0);
      for (const step of words) expect(step).toContain('words_of_user');
      expect(plans.flat().filter((step) => /chat_messages/.test(step))).toEqual([]);
      expect(
        plans.flatMap((plan) => plan.filter((step) => /^SCAN (chat|said)\b(?!.*USING)/.test(step))),
      ).toEqual([]);
      expect(plans.flat().filter((step) => /^(chat|said) \| ALL/.test(step))).toEqual([]);
    }
  });

  test('a page of messages, the one before it and the model’s history read what they need', async () => {
    const page = await core.chats.get(USER, LONG_CHAT, { limit: 100 });
    expect(page.messages).toHaveLength(100);
    const before = page.previous_cursor ?? '';
    for (const query of [{ limit: 100 }, { limit: 100, before }]) {
      const plans = await plansOf(() => core.chats.get(USER, LONG_CHAT, query));
      // The chat, its branch, the messages, their versions: no more the longer the chat is.
      expect(plans).toHaveLength(4);
      expect(plans.flatMap(slowSteps)).toEqual([]);
    }
    const history = await plansOf(async () => {
      for await (const turn of core.exchanges.before(LONG_CHAT, MESSAGES)) if (turn.messageId < 4_990) break;
    });
    expect(history).toHaveLength(1);
    expect(history.flatMap(slowSteps)).toEqual([]);
  });

  test('a message that is sent looks at no more of a long chat than at its end', async () => {
    const sent = { userId: USER, chatId: LONG_CHAT, content: 'And now?', model: 'gpt-oss:20b' };
    const plans = await plansOf(async () => {
      const { task } = await core.exchanges.begin(sent);
      await core.exchanges.finish(task.replyId, answered('Nothing.'));
    });
    expect(plans.flatMap(slowSteps)).toEqual([]);
    const busy = plans.flat().filter((step) => /messages_(of_chat_)?by_state/.test(step));
    expect(busy.length).toBeGreaterThan(0);
  });

  test('what was left behind and what is purged is found without reading everything', async () => {
    const purge = new PurgeRepository(database.source);
    const plans = await plansOf(async () => {
      await core.exchanges.leftBehind();
      await purge.deletedChats(1, 50);
      await purge.answeredQuestions(1, 50);
      await purge.removeDeletedMessages(1);
    });
    expect(plans.flatMap(slowSteps)).toEqual([]);
  });
});

/** Rows by the thousand: as the services would have written them one by one. */
async function fill(source: DataSource): Promise<void> {
  const chats = Array.from({ length: CHATS }, (_, n) => [
    n + 1,
    USER,
    `chat${n + 1}`,
    n % 100 === 0 ? 1 : 0,
    n + 1 === LONG_CHAT ? MESSAGES : null,
    1_000 + n,
    1_000 + n,
  ]);
  await insert(source, 'chats (id, user_id, title, pinned, leaf_id, created_at, updated_at)', chats);
  const messages = Array.from({ length: MESSAGES }, (_, n) => [
    n + 1,
    LONG_CHAT,
    n === 0 ? null : n,
    n % 2 === 0 ? 'user' : 'assistant',
    'text',
    `message ${n + 1} ${'words '.repeat(20)}`,
    'done',
    1,
    1_000 + n,
    1_000 + n,
  ]);
  await insert(
    source,
    'chat_messages (id, chat_id, parent_id, role, kind, content, state, attempt, created_at, finished_at)',
    messages,
  );
  const words = chats.flatMap(([id], n) =>
    [`chat${n + 1}`, ...WORDS.filter((_, place) => n % (place + 1) === 0)].map((word) => [id, word, USER, 1]),
  );
  await insert(source, 'chat_words (chat_id, word, user_id, uses)', words);
  // MariaDB counts its tables by itself, some time later; SQLite never does.
  if (source.options.type !== 'better-sqlite3')
    await source.query('ANALYZE TABLE chats, chat_messages, chat_words');
}

async function insert(
  source: DataSource,
  into: string,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += 500) {
    const some = rows.slice(from, from + 500);
    const places = some.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    await source.query(`INSERT INTO ${into} VALUES ${places}`, some.flat());
  }
}
