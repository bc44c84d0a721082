import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WORK_LIMITS, batchBody, type Batch } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import type { z } from 'zod';
import { engineModel } from '../testing/chat-process.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import { WorkProcess } from '../testing/work-process.ts';

const ANNA = 1;
const BORIS = 2;

function questionIn(body: { readonly [field: string]: unknown }): string {
  return (body['messages'] as { role: string; content: string }[]).at(-1)?.content ?? '';
}
/** Repeats the question; one that asks to fail is refused. */
const echo: Script = (answer, { body }) => {
  const question = questionIn(body);
  if (question.startsWith('fail')) {
    answer.refuse(400, 'no');
    return;
  }
  answer.text(`Re: ${question}`);
  answer.done(3);
};

describe.each(DIALECTS)('batches on %s', (dialect) => {
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
    ollama.play(echo);
    service = await start();
  });
  afterEach(() => service.shutDown());

  function start(): Promise<WorkProcess> {
    gpu = new FakeGpu(ollama.url);
    const models = [engineModel('gpt-oss:20b')];
    return WorkProcess.start({ source: database.source, redisUrl, gpu, models });
  }

  function create(
    requests: z.input<typeof batchBody>['requests'],
    changes: Partial<z.input<typeof batchBody>> = {},
    userId = ANNA,
  ): Promise<Batch> {
    return service.batches.create(userId, batchBody.parse({ requests, model: 'gpt-oss:20b', ...changes }));
  }

  function until(batchId: number, isSo: (batch: Batch) => boolean): Promise<Batch> {
    return eventually(async () => {
      const batch = await service.batches.get(ANNA, batchId);
      return isSo(batch) ? batch : null;
    });
  }
  const isDone = ({ state }: Batch): boolean => state === 'done';

  const items = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ custom_id: `item-${n}`, message: `question ${n}` }));

  test('every item is answered by itself, and the results come in the order of the requests', async () => {
    const batch = await create(items(5), { system_prompt: 'Be brief.', temperature: 0.1, title: 'Five' });
    expect(batch).toMatchObject({ state: 'running', total: 5, title: 'Five', model: 'gpt-oss:20b' });
    const done = await until(batch.id, isDone);
    expect(done).toMatchObject({
      done: 5,
      failed: 0,
      running: 0,
      cancelled: 0,
      usage: { prompt_tokens: 5 * 26, completion_tokens: 5 * 3 },
      finished_at: expect.any(String),
    });
    const first = await service.batches.lines(ANNA, batch.id, -1, 3);
    const rest = await service.batches.lines(ANNA, batch.id, 2, 3);
    expect([first.isLast, rest.isLast]).toEqual([false, true]);
    expect(
      [...first.lines, ...rest.lines].map(({ index, custom_id, response }) => [index, custom_id, response]),
    ).toEqual(items(5).map(({ custom_id, message }, n) => [n, custom_id, `Re: ${message}`]));
    for (const { body } of ollama.asked) {
      expect(body['messages']).toEqual([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: expect.stringMatching(/^question \d$/) },
      ]);
    }
  });

  test('a few are under way at a time, as background work', async () => {
    gpu.pause();
    const { id } = await create(items(6));
    await until(id, ({ running }) => running === 2);
    await eventually(() => gpu.jobIds.length === 2);
    expect(gpu.jobIds.map((jobId) => gpu.urgencies.get(jobId))).toEqual(['background', 'background']);
    gpu.grantAll();
    await until(id, isDone);
    expect(gpu.jobIds).toHaveLength(6);
  });

  test('an item that fails does not end the batch', async () => {
    const { id } = await create([{ message: 'one' }, { message: 'fail please' }, { message: 'three' }]);
    await expect(until(id, isDone)).resolves.toMatchObject({ done: 2, failed: 1 });
    const { lines } = await service.batches.lines(ANNA, id, -1, 10);
    expect(lines.map(({ state }) => state)).toEqual(['done', 'failed', 'done']);
    expect(lines[1]).toMatchObject({ custom_id: null, response: null, error: { code: 'engine.rejected' } });
  });

  test('an item that only came at a bad time is asked again, and nothing is counted twice', async () => {
    gpu.pause();
    const { id } = await create([{ message: 'one' }]);
    const jobId = await eventually(() => gpu.jobIds[0]);
    await eventually(() => gpu.isWaiting(jobId));
    gpu.refuse(jobId, 'gpu.user_limit');
    await eventually(() => gpu.jobIds.length === 2);
    gpu.grantAll();
    await expect(until(id, isDone)).resolves.toMatchObject({ done: 1, failed: 0, total: 1 });
  });

  test('survives a restart: what was answered stays, what was cut is asked again', async () => {
    const hang: Script = (answer, asked) => {
      if (questionIn(asked.body) === 'question 3') answer.text('Re: quest');
      else return echo(answer, asked);
    };
    ollama.play(hang);
    const { id } = await create(items(6));
    await until(id, ({ done, running }) => done === 5 && running === 1);
    await eventually(async () => {
      const { lines } = await service.batches.lines(ANNA, id, -1, 10);
      return lines[3]?.state === 'running';
    });
    await eventually(() => ollama.asked.length === 6);
    await service.shutDown();
    ollama.play(echo);
    service = await start();
    await expect(until(id, isDone)).resolves.toMatchObject({ done: 6, failed: 0 });
    expect(ollama.asked.map(({ body }) => questionIn(body))).toEqual(['question 3']);
  });

  test('cancelled, what runs is stopped and what waits is never asked', async () => {
    ollama.play((answer) => answer.text('Re'));
    const { id } = await create(items(6));
    await eventually(() => ollama.asked.length === 2);
    await expect(service.batches.cancel(ANNA, id)).resolves.toMatchObject({
      state: 'cancelled',
      running: 0,
      done: 0,
      cancelled: 6,
      finished_at: expect.any(String),
    });
    const { lines } = await service.batches.lines(ANNA, id, -1, 10);
    expect(lines.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'cancelled'));
    expect(ollama.asked).toHaveLength(2);
    await expect(service.batches.cancel(ANNA, id)).resolves.toMatchObject({ state: 'cancelled' });
  });

  test('deleted, it is gone for everybody, whatever it was doing', async () => {
    ollama.play((answer) => answer.text('Re'));
    const { id } = await create(items(3));
    await eventually(() => ollama.asked.length === 2);
    await service.batches.delete(ANNA, id);
    await expect(service.batches.get(ANNA, id)).rejects.toMatchObject({ code: 'batch.not_found' });
    expect((await service.batches.list(ANNA)).map((batch) => batch.id)).not.toContain(id);
  });

  test('somebody else’s does not exist', async () => {
    const { id } = await create([{ message: 'one' }]);
    const notFound = { code: 'batch.not_found' };
    await expect(service.batches.get(BORIS, id)).rejects.toMatchObject(notFound);
    await expect(service.batches.cancel(BORIS, id)).rejects.toMatchObject(notFound);
    await expect(service.batches.delete(BORIS, id)).rejects.toMatchObject(notFound);
    await expect(service.batches.lines(BORIS, id, -1, 10)).rejects.toMatchObject(notFound);
    await expect(service.batches.list(BORIS)).resolves.toEqual([]);
    await until(id, isDone);
  });

  test('an id that stands there twice is named by its place', async () => {
    const requests = [{ custom_id: 'a', message: 'x' }, { message: 'y' }, { custom_id: 'a', message: 'z' }];
    await expect(create(requests)).rejects.toMatchObject({
      code: 'request.invalid',
      issues: [{ path: 'requests.2.custom_id', message: expect.stringContaining('requests.0') }],
    });
  });

  test('so many are open for one person and no more, and a large one is stored whole', async () => {
    gpu.pause();
    const open: number[] = [];
    const first = await create(items(WORK_LIMITS.batchItems), {}, BORIS);
    open.push(first.id);
    for (let n = 1; n < WORK_LIMITS.openBatches; n += 1)
      open.push((await create([{ message: 'x' }], {}, BORIS)).id);
    await expect(create([{ message: 'x' }], {}, BORIS)).rejects.toMatchObject({ code: 'batch.too_many' });
    const { lines, isLast } = await service.batches.lines(BORIS, first.id, WORK_LIMITS.batchItems - 2, 200);
    expect([lines.length, isLast, lines[0]?.custom_id]).toEqual([
      1,
      true,
      `item-${WORK_LIMITS.batchItems - 1}`,
    ]);
    for (const id of open) await service.batches.delete(BORIS, id);
    const last = await create([{ message: 'x' }], {}, BORIS);
    await service.batches.delete(BORIS, last.id);
  });
});
