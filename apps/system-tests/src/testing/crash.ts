import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { Message } from '@baton/contracts';
import type { Follower } from './follower.ts';
import type { Person } from './person.ts';
import { isAlive } from './process-table.ts';
import { hurry, slowRenders, slowReplies } from './scenarios.ts';
import type { ServiceName, Stack } from './stack.ts';

const INTERRUPTED = [
  'reply.interrupted',
  'image.interrupted',
  'gpu.lease_lost',
  'engine.unavailable',
  'engine.truncated',
  'engine.failed',
  // The settings of the tests give a silent render 5 s, and a slow machine may need more to start a service.
  'engine.stalled',
];

interface Work {
  readonly person: Person;
  readonly chatId: number;
  readonly replyId: number;
  readonly follower: Follower;
}

async function begin(stack: Stack, kind: 'reply' | 'render'): Promise<Work> {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await (kind === 'reply'
    ? person.say(chatId, 'A long answer, please.')
    : person.draw(chatId, 'A harbour.'));
  return { person, chatId, replyId: reply.id, follower: person.follow(reply.id) };
}

/** Done; or failed as interrupted, with its text kept, and then it can be had again. */
async function expectNotLost({ person, chatId, replyId, follower }: Work): Promise<void> {
  await follower.ended(50_000);
  const message = await eventually(() => settled(person, replyId));
  if (message.kind === 'text') expect(follower.text).toBe(message.content);
  if (message.state === 'done') {
    if (message.kind === 'image') expect(message.attachments).toHaveLength(1);
    return;
  }
  expect(message.state).toBe('failed');
  expect(INTERRUPTED).toContain(message.error?.code);
  const again =
    message.kind === 'text'
      ? await person.regenerate(chatId, replyId)
      : (await person.draw(chatId, 'The harbour again.')).reply;
  await person.follow(again.id).ended();
  await expect(person.reply(again.id)).resolves.toMatchObject({ state: 'done' });
}

async function settled(person: Person, replyId: number): Promise<Message | null> {
  const message = await person.reply(replyId);
  return ['done', 'failed', 'cancelled'].includes(message.state) ? message : null;
}

/**
 * Kills `service` while one message is being made and another one waits. Both must come to a good end, and no engine may
 * be left over.
 */
export async function crashDuring(
  stack: Stack,
  service: ServiceName,
  kind: 'reply' | 'render',
): Promise<void> {
  await slowReplies(stack);
  await slowRenders(stack);
  if (kind === 'render') await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 100_000 } });
  const engines = [await stack.enginePid('ollama'), await stack.enginePid('comfyui')];
  const working = await begin(stack, kind);
  await working.follower.until(({ type }) => type === (kind === 'reply' ? 'text' : 'progress'));
  const waiting = await begin(stack, 'reply');
  await waiting.follower.until((event) => event.type === 'state' && event.state === 'queued');

  await stack.crash(service);
  await hurry(stack);
  await Promise.all([expectNotLost(working), expectNotLost(waiting)]);
  const now = [await stack.enginePid('ollama'), await stack.enginePid('comfyui')];
  expect(engines.filter((pid) => !now.includes(pid) && isAlive(pid))).toEqual([]);
}
