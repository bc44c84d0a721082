import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AppError, FakeClock, codeOf } from '@baton/kernel';
import { AnswerFiguresRepository } from '../chats/answer-figures.repository.ts';
import { BranchesRepository } from '../chats/branches.repository.ts';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import type { MessageEnd } from '../chats/message-end.ts';
import { MessagesRepository } from '../chats/messages.repository.ts';
import { modelKey } from '../models/model-name.ts';
import type { ModelWish } from '../models/models.service.ts';
import { DIALECTS, openTestDatabase, quietLog, type TestDatabase } from '../testing/databases.ts';
import { ExperimentsRepository } from './experiments.repository.ts';
import { ExperimentsService } from './experiments.service.ts';

/** The models of the test's installation: `phi3` cannot see pictures. */
class Models {
  readonly installed = new Set(['llama3:8b', 'qwen3:8b', 'phi3:latest']);

  choose({ named, usual, taskType, needsVision }: ModelWish) {
    if (named === undefined && taskType !== undefined) {
      const routing = { asked: taskType, answered: 'llama3:8b', because: 'task_type' } as const;
      return { model: 'llama3:8b', routing };
    }
    const asked = modelKey(named ?? usual ?? '');
    const model = [...this.installed].find((name) => modelKey(name) === asked);
    const issues = [{ path: 'model', message: 'choose one of: llama3:8b' }];
    if (model === undefined) throw new AppError('model.unknown', {}, { issues });
    if (needsVision === true && model === 'phi3:latest') throw new AppError('model.no_vision');
    return { model, routing: null };
  }

  refresh(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe.each(DIALECTS)('comparisons of models in %s', (dialect) => {
  let database: TestDatabase;
  let nextUser = 1;
  let services: ExperimentsService[] = [];
  const models = new Models();
  const clock = new FakeClock();

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
  });
  afterAll(() => database.close());
  afterEach(async () => {
    for (const { id, state } of await service().list()) if (state === 'running') await service().end(id);
    for (const one of services) one.onModuleDestroy();
    services = [];
    models.installed.add('qwen3:8b');
  });

  function service(): ExperimentsService {
    const made = new ExperimentsService(
      new ExperimentsRepository(database.source),
      new AnswerFiguresRepository(database.source),
      models,
      clock,
      quietLog,
    );
    services.push(made);
    return made;
  }

  function exchangesWith(experiments: ExperimentsService): ExchangesService {
    const { source } = database;
    return new ExchangesService(
      new ChatsRepository(source),
      new MessagesRepository(source),
      new BranchesRepository(source),
      models,
      clock,
      experiments,
    );
  }

  async function newChat(): Promise<{ userId: number; chatId: number }> {
    const userId = nextUser++;
    const chat = await new ChatsRepository(database.source).create(userId, {}, clock.now());
    return { userId, chatId: chat.id };
  }

  const body = { name: 'qwen or llama', model: 'LLAMA3:8b', variant: 'qwen3:8b', share: 50 };

  test('run one at a time about one model, under the names that are installed', async () => {
    const experiments = service();
    const begun = await experiments.create(1, body);
    expect(begun).toMatchObject({ model: 'llama3:8b', variant: 'qwen3:8b', share: 50, state: 'running' });
    expect(begun.sides).toEqual(
      ['llama3:8b', 'qwen3:8b'].map((model) => ({
        ...{ model, chats: 0, answers: 0, failed: 0, up: 0, down: 0 },
        ...{ mean_tokens: null, mean_answer_ms: null },
      })),
    );
    const both = await Promise.allSettled([
      experiments.create(1, { ...body, model: 'phi3' }),
      service().create(1, { ...body, model: 'phi3' }),
    ]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [codeOf(one.reason)] : []));
    expect(refused).toEqual(['experiment.model_taken']);
    expect(codeOf(await failureOf(experiments.create(1, body)))).toBe('experiment.model_taken');
    await experiments.end(begun.id);
    await expect(experiments.create(1, body)).resolves.toMatchObject({ state: 'running' });
  });

  test('need models that are installed, and the refusal names the field', async () => {
    expect(await failureOf(service().create(1, { ...body, variant: 'nothing' }))).toMatchObject({
      code: 'model.unknown',
      issues: [{ path: 'variant', message: 'choose one of: llama3:8b' }],
    });
    expect(codeOf(await failureOf(service().end(9_999_999)))).toBe('experiment.not_found');
  });

  test('give a chat its side and keep it there, and the chat keeps the model that was asked for', async () => {
    const experiments = service();
    const { id } = await experiments.create(1, body);
    const exchanges = exchangesWith(experiments);
    const seen = new Set<string>();
    for (let n = 0; n < 12; n += 1) {
      const { userId, chatId } = await newChat();
      const first = await exchanges.begin({ userId, chatId, content: 'Why?', model: 'llama3:8b' });
      await exchanges.finish(first.task.replyId, END);
      const second = await exchanges.begin({ userId, chatId, content: 'Really?' });
      expect(second.task.model).toBe(first.task.model);
      const isVariant = first.task.model === 'qwen3:8b';
      expect(first.reply.details).toEqual({
        experiment_id: id,
        ...(isVariant
          ? { routing: { asked: 'llama3:8b', answered: 'qwen3:8b', because: 'experiment' } }
          : {}),
      });
      const chat = await new ChatsRepository(database.source).find(userId, chatId);
      expect(chat?.model).toBe('llama3:8b');
      seen.add(first.task.model);
    }
    expect(seen).toEqual(new Set(['llama3:8b', 'qwen3:8b']));
  });

  test('are not asked where somebody chose otherwise: by the kind of work, another model, or this one again', async () => {
    const experiments = service();
    await experiments.create(1, { ...body, share: 99 });
    const exchanges = exchangesWith(experiments);
    const { userId, chatId } = await newChat();
    const begin = async (more: object) => {
      const begun = await exchanges.begin({ userId, chatId, content: 'Why?', ...more });
      await exchanges.finish(begun.task.replyId, END);
      return begun;
    };
    expect((await begin({ options: { task_type: 'reasoning' } })).task.model).toBe('llama3:8b');
    expect((await begin({ model: 'phi3' })).task.model).toBe('phi3:latest');
    const again = await begin({ model: 'llama3:8b' });
    const wanted = { userId, chatId, messageId: again.reply.id, model: 'llama3:8b' };
    expect((await exchanges.again(wanted)).task.model).toBe('llama3:8b');
  });

  test('leave the model that was asked for where the variant is gone, or cannot do what is wanted', async () => {
    const experiments = service();
    await experiments.create(1, { ...body, share: 99 });
    const exchanges = exchangesWith(experiments);
    models.installed.delete('qwen3:8b');
    for (let n = 0; n < 3; n += 1) {
      const { userId, chatId } = await newChat();
      const { task, reply } = await exchanges.begin({ userId, chatId, content: 'Why?', model: 'llama3:8b' });
      expect([task.model, reply.details]).toEqual(['llama3:8b', null]);
    }
  });

  test('end for everybody: at once here, and soon in every other process', async () => {
    const [here, there] = [service(), service()];
    const { id } = await here.create(1, { ...body, share: 99 });
    expect(there.choose(1, 'llama3:8b')).toBeNull();
    await there.onApplicationBootstrap();
    expect(there.choose(1, 'llama3:8b')).not.toBeNull();
    await expect(here.end(id)).resolves.toMatchObject({ state: 'ended', ended_at: expect.any(String) });
    expect(here.choose(1, 'llama3:8b')).toBeNull();
    await clock.advance(10_001);
    await there.list();
    expect(there.choose(1, 'llama3:8b')).toBeNull();
    const again = await here.end(id);
    expect(again.ended_at).not.toBeNull();
  });

  test('tell by side what came of them', async () => {
    const experiments = service();
    const { id } = await experiments.create(1, body);
    const exchanges = exchangesWith(experiments);
    const answered = async (chatId: number, userId: number, end: MessageEnd): Promise<string> => {
      const { task } = await exchanges.begin({ userId, chatId, content: 'Why?', model: 'llama3:8b' });
      await exchanges.finish(task.replyId, end);
      const rating = end.state === 'done' && end.answerMs === 100 ? 'up' : null;
      if (rating !== null) {
        await database.source.query('UPDATE chat_messages SET rating = ? WHERE id = ?', [
          rating,
          task.replyId,
        ]);
      }
      return task.model;
    };
    const chats: Record<string, number> = { 'llama3:8b': 0, 'qwen3:8b': 0 };
    for (let n = 0; n < 10; n += 1) {
      const { userId, chatId } = await newChat();
      const model = await answered(chatId, userId, endOf(10, 100));
      await answered(chatId, userId, endOf(30, 300));
      await answered(chatId, userId, { ...END, state: 'failed', content: '' });
      chats[model] = (chats[model] ?? 0) + 1;
    }
    const told = (await experiments.list()).find((one) => one.id === id);
    for (const side of told?.sides ?? []) {
      const count = chats[side.model] ?? 0;
      expect(count).toBeGreaterThan(0);
      expect(side).toEqual({
        ...{ model: side.model, chats: count, answers: 2 * count, failed: count, up: count, down: 0 },
        ...{ mean_tokens: 20, mean_answer_ms: 200 },
      });
    }
    const ended = await experiments.end(id);
    expect(ended.sides).toEqual(told?.sides);
  });

  test('are counted by their index, not by reading all messages', async () => {
    const statement =
      'SELECT experiment_id, model, COUNT(DISTINCT chat_id) FROM chat_messages WHERE experiment_id IN (1) AND model IS NOT NULL AND deleted_at IS NULL GROUP BY experiment_id, model';
    const plan: unknown = await database.source.query(
      dialect === 'sqlite' ? `EXPLAIN QUERY PLAN ${statement}` : `EXPLAIN ${statement}`,
    );
    expect(JSON.stringify(plan)).toContain('messages_of_experiment');
  });
});

const END: MessageEnd = {
  state: 'done',
  error: null,
  content: 'Because.',
  usage: { prompt_tokens: 1, completion_tokens: 5 },
  timeline: [],
};

function endOf(completionTokens: number, answerMs: number): MessageEnd {
  return { ...END, usage: { prompt_tokens: 1, completion_tokens: completionTokens }, answerMs };
}
