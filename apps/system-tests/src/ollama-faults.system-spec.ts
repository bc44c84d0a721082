import { expect } from '@jest/globals';
import type { Message } from '@baton/contracts';
import { answerTo, arm, pictureFor } from './testing/faults.ts';
import type { Person } from './testing/person.ts';
import { isAlive } from './testing/process-table.ts';
import { scenarios, slowReplies } from './testing/scenarios.ts';

const { scenario } = scenarios();

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
    // After the thoughts that come first: it is the text that must be kept.
    await arm(stack, 'ollama', { [fault]: { times: 1, afterTokens: 30 } });
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
