import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import { answerTo, arm, pictureFor } from './testing/faults.ts';
import { isAlive } from './testing/process-table.ts';
import { scenarios, slowRenders } from './testing/scenarios.ts';

const { scenario } = scenarios();

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
