import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import { problemCode } from './testing/person.ts';
import type { Person } from './testing/person.ts';
import { hurry, scenarios, slowReplies } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const { scenario } = scenarios();

/** Everything is well again when a chat and a picture are. */
async function expectBackToNormal(stack: Stack, person: Person): Promise<void> {
  await hurry(stack);
  await eventually(async () => (await fetch(`${stack.url}/health/ready`)).status === 200, {
    timeoutMs: 20_000,
  });
  const chatId = await person.newChat();
  const { reply } = await eventually(() => person.say(chatId, 'Are you back?').catch(() => null), {
    timeoutMs: 20_000,
    everyMs: 200,
  });
  await expect(person.follow(reply.id).ended(40_000)).resolves.toMatchObject({ state: 'done' });
  const { reply: picture } = await person.draw(await person.newChat(), 'A picture again.');
  await expect(person.follow(picture.id).ended(40_000)).resolves.toMatchObject({ state: 'done' });
}

async function stream(stack: Stack) {
  await slowReplies(stack);
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.say(chatId, 'A long answer, please.');
  const follower = person.follow(reply.id);
  await follower.until(({ type }) => type === 'text');
  return { person, chatId, replyId: reply.id, follower };
}

scenario('a Redis that hangs for a moment delays a reply and takes none of its text', async (stack) => {
  const { person, replyId, follower } = await stream(stack);
  const pid = await stack.redisPid();
  const length = follower.text.length;
  process.kill(pid, 'SIGSTOP');
  try {
    // Requests that need no Redis are answered meanwhile.
    await expect(person.reply(replyId)).resolves.toMatchObject({ id: replyId });
    await expect(person.messages((await person.reply(replyId)).chat_id)).resolves.toHaveLength(2);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await eventually(() => follower.text.length > length);
  await hurry(stack);
  await expect(follower.ended()).resolves.toMatchObject({ state: 'done' });
  expect(follower.text).toBe((await person.reply(replyId)).content);
});

scenario('without Redis requests are refused clearly, and all comes back by itself', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const pid = await stack.redisPid();
  process.kill(pid, 'SIGSTOP');
  try {
    await eventually(async () => (await fetch(`${stack.url}/health/ready`)).status === 503, {
      timeoutMs: 15_000,
    });
    const answer = await person.ask('POST', `/api/chats/${chatId}/messages`, { content: 'Anybody there?' });
    // Taken in and waiting, or refused clearly; never half of it.
    expect([201, 503]).toContain(answer.status);
    if (answer.status === 503) expect(problemCode(answer)).toBe('store.unavailable');
    const events = await person.ask('GET', '/api/replies/999999/events');
    expect([404, 503]).toContain(events.status);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await expectBackToNormal(stack, person);
  await eventually(
    async () => (await person.messages(chatId)).every(({ state }) => ['done', 'failed'].includes(state)),
    { timeoutMs: 10_000 },
  );
});

scenario('a reply goes on through the death of Redis and ends with its whole text', async (stack) => {
  const { person, replyId, follower } = await stream(stack);
  process.kill(await stack.redisPid(), 'SIGKILL');
  await stack.launcher.said(/redis runs again/);
  await hurry(stack);
  const end = await follower.ended(40_000);
  const message = await person.reply(replyId);
  expect(follower.text).toBe(message.content);
  expect(['done', 'failed']).toContain(end.state);
  if (end.state === 'failed') expect(message.error?.code).toBe('gpu.lease_lost');
  await expectBackToNormal(stack, person);
});

scenario('a Redis that comes back empty costs no message and nobody has to start anything', async (stack) => {
  const { person, chatId, replyId, follower } = await stream(stack);
  const waiting = await stack.newPerson();
  const { reply: queued } = await waiting.say(await waiting.newChat(), 'And me after that.');
  const { lastId, text } = follower;
  const pid = await stack.redisPid();
  process.kill(pid, 'SIGSTOP');
  rmSync(join(stack.dataDir, 'redis', 'appendonlydir'), { recursive: true });
  process.kill(pid, 'SIGKILL');
  await eventually(async () => (await stack.redisPid()) !== pid, { timeoutMs: 20_000, everyMs: 100 });
  // Somebody who was away meanwhile, with a place in a log that is gone.
  const returning = person.follow(replyId, lastId);
  await hurry(stack);
  const end = await follower.ended(50_000);
  expect(['done', 'failed']).toContain(end.state);
  const { content } = await person.reply(replyId);
  expect(follower.text).toBe(content);
  await returning.ended();
  const isReset = returning.events.some(({ type }) => type === 'reset');
  expect(isReset ? returning.text : text + returning.text).toBe(content);
  const waited = await waiting.follow(queued.id).ended(50_000);
  expect(['done', 'failed']).toContain(waited.state);
  expect((await person.messages(chatId)).map(({ role }) => role)).toEqual(['user', 'assistant']);
  await expectBackToNormal(stack, person);
});
