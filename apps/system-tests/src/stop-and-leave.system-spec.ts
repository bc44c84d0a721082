import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { Follower } from './testing/follower.ts';
import type { Person } from './testing/person.ts';
import { hurry, scenarios, slowRenders, slowReplies, untilCardRests } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const { scenario } = scenarios();

/** A message of each kind under way, and whoever reads it. */
interface UnderWay {
  readonly person: Person;
  readonly chatId: number;
  readonly replyId: number;
  readonly follower: Follower;
}

async function talking(stack: Stack): Promise<UnderWay> {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.say(chatId, 'A long answer, please.');
  return { person, chatId, replyId: reply.id, follower: person.follow(reply.id) };
}

async function drawing(stack: Stack): Promise<UnderWay> {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.draw(chatId, 'A lighthouse.');
  return { person, chatId, replyId: reply.id, follower: person.follow(reply.id) };
}

/** Whoever comes next is served, at once and by the same chat as well. */
async function expectServedNext(stack: Stack, { person, chatId }: UnderWay): Promise<void> {
  await hurry(stack);
  await expect(person.talk(chatId, 'Are you there?')).resolves.toMatchObject({ state: 'done' });
}

async function expectCancelled({ person, replyId, follower }: UnderWay): Promise<string> {
  await expect(person.stop(replyId)).resolves.toMatchObject({ state: 'cancelled', error: null });
  await expect(follower.ended()).resolves.toMatchObject({ state: 'cancelled', code: null });
  const { content, state } = await person.reply(replyId);
  expect(state).toBe('cancelled');
  return content;
}

scenario('Stop while it waits for its turn gives the place back', async (stack) => {
  await slowReplies(stack);
  const ahead = await talking(stack);
  await ahead.follower.until(({ type }) => type === 'text');
  const waiting = await talking(stack);
  await waiting.follower.until((event) => event.type === 'state' && event.state === 'queued');
  expect(await expectCancelled(waiting)).toBe('');
  await eventually(async () => (await ahead.person.queue()).entries.length === 1);
  await hurry(stack);
  await expect(ahead.follower.ended()).resolves.toMatchObject({ state: 'done' });
  await expectServedNext(stack, waiting);
});

scenario('Stop while the text streams keeps what was written and stops the engine', async (stack) => {
  await slowReplies(stack);
  const stopped = await talking(stack);
  await eventually(() => stopped.follower.text.length > 20);
  const content = await expectCancelled(stopped);
  expect(content).not.toBe('');
  expect(stopped.follower.text).toBe(content);
  await untilCardRests(stack);
  await expectServedNext(stack, stopped);
});

scenario('Stop while the model writes the prompt ends the request there', async (stack) => {
  const ollama = await stack.engine('ollama');
  await ollama.set({ settings: { tokensPerSecond: 1 } });
  const stopped = await drawing(stack);
  await stopped.follower.untilState('prompting');
  await expectCancelled(stopped);
  await untilCardRests(stack);
  expect(await stopped.person.images(stopped.replyId)).toEqual([]);
  await expectServedNext(stack, stopped);
});

scenario('Stop while the GPU is handed over ends the request, and the hand-over goes well', async (stack) => {
  const first = await drawing(stack);
  await first.follower.untilState('rendering');
  const comfyui = await stack.engine('comfyui');
  // Whoever asks for it, the way back to Ollama is a long one now.
  await comfyui.set({ faults: { slowFree: { ms: 12_000 } } });
  const stopped = await talking(stack);
  await stopped.follower.untilState('swapping');
  await expectCancelled(stopped);
  await comfyui.set({ faults: { slowFree: false } });
  await expectServedNext(stack, stopped);
});

scenario('Stop while a model is loaded ends the request, and the next one is served', async (stack) => {
  const first = await drawing(stack);
  await first.follower.untilState('rendering');
  const ollama = await stack.engine('ollama');
  await ollama.set({ faults: { slowLoad: { factor: 15 } } });
  const stopped = await talking(stack);
  await stopped.follower.until(
    (event) =>
      event.type === 'state' &&
      (event.state === 'loading' || (event.state === 'swapping' && event.phase === 'load')),
  );
  await expectCancelled(stopped);
  await ollama.set({ faults: { slowLoad: false } });
  await expectServedNext(stack, stopped);
});

scenario('Stop while the picture is rendered interrupts ComfyUI', async (stack) => {
  await slowRenders(stack);
  const stopped = await drawing(stack);
  await stopped.follower.until(({ type }) => type === 'progress');
  const comfyui = await stack.engine('comfyui');
  expect(await comfyui.prompts()).toBe(1);
  await expectCancelled(stopped);
  await eventually(async () => (await comfyui.prompts()) === 0);
  await untilCardRests(stack);
  expect(await stopped.person.images(stopped.replyId)).toEqual([]);
  await expectServedNext(stack, stopped);
});

scenario('Stop of what has ended changes nothing', async (stack) => {
  await hurry(stack);
  const done = await talking(stack);
  await done.follower.ended();
  const before = await done.person.reply(done.replyId);
  await expect(done.person.stop(done.replyId)).resolves.toEqual(before);
});

scenario(
  'leaving while it waits, streams or renders is no Stop, and costs nothing afterwards',
  async (stack) => {
    await slowReplies(stack);
    await slowRenders(stack);
    const streaming = await talking(stack);
    await streaming.follower.until(({ type }) => type === 'text');
    const waiting = await talking(stack);
    await waiting.follower.until((event) => event.type === 'state' && event.state === 'queued');
    const rendering = await drawing(stack);
    expect(await stack.openStreams()).toBe(3);
    await Promise.all([streaming, waiting].map(({ follower }) => follower.leave()));
    await eventually(async () => (await stack.openStreams()) === 1);

    await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 100_000 } });
    await rendering.follower.until(({ type }) => type === 'progress');
    await rendering.follower.leave();
    await eventually(async () => (await stack.openStreams()) === 0);
    await hurry(stack);

    for (const { person, replyId, follower } of [streaming, waiting, rendering]) {
      const rest = person.follow(replyId, follower.lastId);
      await expect(rest.ended()).resolves.toMatchObject({ state: 'done' });
      const message = await person.reply(replyId);
      expect(message.state).toBe('done');
      if (message.kind === 'text') expect(follower.text + rest.text).toBe(message.content);
      else expect(message.attachments).toHaveLength(1);
    }
    await eventually(async () => (await stack.openStreams()) === 0);
  },
);

scenario('deleting a chat ends what is being made in it', async (stack) => {
  await slowReplies(stack);
  const talk = await talking(stack);
  await talk.follower.until(({ type }) => type === 'text');
  expect((await talk.person.ask('DELETE', `/api/chats/${talk.chatId}`)).status).toBe(204);
  await eventually(async () => (await talk.person.queue()).entries.length === 0);
  await untilCardRests(stack);
  await talk.follower.leave();

  await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 100_000 } });
  await slowRenders(stack);
  const picture = await drawing(stack);
  await picture.follower.until(({ type }) => type === 'progress');
  expect((await picture.person.ask('DELETE', `/api/chats/${picture.chatId}`)).status).toBe(204);
  await eventually(async () => (await picture.person.queue()).entries.length === 0);
  await untilCardRests(stack);
  await picture.follower.leave();
});
