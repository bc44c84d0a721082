import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { Message } from '@baton/contracts';
import type { Person } from './testing/person.ts';
import { isAlive } from './testing/process-table.ts';
import { scenarios, slowRenders, slowReplies } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const { scenario } = scenarios();

type Fault = Readonly<Record<string, unknown>>;

async function arm(stack: Stack, engine: 'ollama' | 'comfyui', faults: Fault): Promise<void> {
  await (await stack.engine(engine)).set({ faults });
}

async function answerTo(person: Person, chatId: number): Promise<Message> {
  const { reply } = await person.say(chatId, 'What is a fence for?');
  await person.follow(reply.id).ended(40_000);
  return person.reply(reply.id);
}

async function pictureFor(person: Person, chatId: number): Promise<Message> {
  const { reply } = await person.draw(chatId, 'A fence.');
  await person.follow(reply.id).ended(40_000);
  return person.reply(reply.id);
}

/** A failure says what it is and in words, and the same message can be answered again. */
async function expectFailedAndAnsweredAgain(
  person: Person,
  chatId: number,
  message: Message,
  codes: readonly string[],
): Promise<void> {
  expect(message.state).toBe('failed');
  expect(codes).toContain(message.error?.code);
  expect(message.error?.say).toMatch(/^[A-Z].*\.$/);
  const again = await person.regenerate(chatId, message.id);
  await person.follow(again.id).ended();
  await expect(person.reply(again.id)).resolves.toMatchObject({ state: 'done', error: null });
}

scenario('a stream that ends without its end, or in an error, fails with its text kept', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  for (const [fault, codes] of [
    ['endsWithoutDone', ['engine.truncated']],
    ['midStreamError', ['engine.failed']],
    ['runtimeOom', ['engine.out_of_memory']],
    ['runnerCrash', ['engine.failed', 'engine.truncated', 'engine.unavailable']],
  ] as const) {
    await arm(stack, 'ollama', { [fault]: { times: 1, afterTokens: 12 } });
    const message = await answerTo(person, chatId);
    expect([fault, message.content === '']).toEqual([fault, false]);
    await expectFailedAndAnsweredAgain(person, chatId, message, codes);
  }
});

scenario(
  'an Ollama that is killed in mid-stream is started again, and the message can be sent again',
  async (stack) => {
    await slowReplies(stack);
    const person = await stack.newPerson();
    const chatId = await person.newChat();
    const { reply } = await person.say(chatId, 'Talk for a while.');
    const follower = person.follow(reply.id);
    await follower.until(({ type }) => type === 'text');
    const pid = await stack.enginePid('ollama');
    process.kill(pid, 'SIGKILL');
    await follower.ended();
    const message = await person.reply(reply.id);
    expect(message.content).toBe(follower.text);
    await expectFailedAndAnsweredAgain(person, chatId, message, [
      'engine.failed',
      'engine.truncated',
      'engine.unavailable',
      'gpu.lease_lost',
    ]);
    expect(isAlive(pid)).toBe(false);
  },
);

scenario('an Ollama that never sends its first byte does not keep anybody for ever', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  await arm(stack, 'ollama', { stuckBeforeFirstByte: { times: 1 } });
  const message = await answerTo(person, chatId);
  if (message.state === 'failed')
    await expectFailedAndAnsweredAgain(person, chatId, message, ['engine.stalled']);
  else expect(message.state).toBe('done');
});

scenario(
  'an Ollama without room for the model says so, and works again when there is room',
  async (stack) => {
    const person = await stack.newPerson();
    const chatId = await person.newChat();
    await pictureFor(person, chatId);
    await arm(stack, 'ollama', { loadOom: true });
    const message = await answerTo(person, chatId);
    await arm(stack, 'ollama', { loadOom: false });
    await expectFailedAndAnsweredAgain(person, chatId, message, [
      'engine.out_of_memory',
      'gpu.swap_failed',
      'engine.failed',
      'engine.start_failed',
    ]);
  },
);

scenario('a ComfyUI that dies in a render is started again, and the picture is made', async (stack) => {
  await slowRenders(stack);
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.draw(chatId, 'A bridge.');
  const follower = person.follow(reply.id);
  await follower.until(({ type }) => type === 'progress');
  const pid = await stack.enginePid('comfyui');
  process.kill(pid, 'SIGKILL');
  await eventually(() => !isAlive(pid));
  await follower.ended(40_000);
  const message = await person.reply(reply.id);
  if (message.state === 'failed') {
    expect(message.error?.say).toMatch(/^[A-Z].*\.$/);
    await expect(pictureFor(person, chatId)).resolves.toMatchObject({ state: 'done' });
  } else {
    expect(message).toMatchObject({ state: 'done' });
    expect(message.attachments).toHaveLength(1);
  }
});

scenario('a render out of memory, or with a failing node, says so, and the next one works', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  for (const [fault, code] of [
    ['oom', 'engine.out_of_memory'],
    ['nodeError', 'image.render_failed'],
  ] as const) {
    await arm(stack, 'comfyui', { [fault]: { times: 1, nodeClass: 'KSampler' } });
    const message = await pictureFor(person, chatId);
    expect(message).toMatchObject({ state: 'failed', error: { code } });
    await expect(pictureFor(person, chatId)).resolves.toMatchObject({ state: 'done' });
  }
});

scenario(
  'a ComfyUI whose worker is dead behind a living door does not keep anybody for ever',
  async (stack) => {
    const person = await stack.newPerson();
    const chatId = await person.newChat();
    await arm(stack, 'comfyui', { zombie: { times: 1 } });
    const message = await pictureFor(person, chatId);
    if (message.state === 'failed') expect(message.error?.say).toMatch(/^[A-Z].*\.$/);
    await expect(pictureFor(person, chatId)).resolves.toMatchObject({ state: 'done' });
    await expect(answerTo(person, chatId)).resolves.toMatchObject({ state: 'done' });
  },
);

scenario('an interrupt that gets lost is given again', async (stack) => {
  await arm(stack, 'comfyui', { lostInterrupt: { ms: 300 } });
  await slowRenders(stack);
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.draw(chatId, 'A tower.');
  const follower = person.follow(reply.id);
  await follower.untilState('rendering');
  await person.stop(reply.id);
  await expect(follower.ended()).resolves.toMatchObject({ state: 'cancelled' });
  const comfyui = await stack.engine('comfyui');
  await eventually(async () => (await comfyui.prompts()) === 0, { timeoutMs: 10_000 });
  await arm(stack, 'comfyui', { lostInterrupt: false });
  await expect(answerTo(person, chatId)).resolves.toMatchObject({ state: 'done' });
});

scenario('sockets cut in the middle of a render do not lose the picture', async (stack) => {
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  await arm(stack, 'comfyui', { dropSockets: { times: 1, afterSteps: 3 } });
  await expect(pictureFor(person, chatId)).resolves.toMatchObject({ state: 'done' });
});
