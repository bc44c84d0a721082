import { expect } from '@jest/globals';
import { sentMessage, type Image } from '@baton/contracts';
import { eventually } from '@baton/testing';
import sharp from 'sharp';
import { answerTo, arm, pictureFor } from './testing/faults.ts';
import type { Person } from './testing/person.ts';
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
  expect(message).toMatchObject({ state: 'done' });
  expect(message.attachments).toHaveLength(1);
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
    // ComfyUI's own words hold paths and prompts.
    expect(JSON.stringify(message)).not.toMatch(/scalar type|torch|Traceback|KSampler/);
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

scenario(
  'the same picture asked for again comes out of ComfyUI’s cache as a picture of its own',
  async (stack) => {
    const person = await stack.newPerson();
    const [first, second] = [await sameAgain(person), await sameAgain(person)];
    expect(first.url).not.toBe(second.url);
    const [one, two] = [await person.download(first.url), await person.download(second.url)];
    await expect(sharp(two).raw().toBuffer()).resolves.toEqual(await sharp(one).raw().toBuffer());
    expect((await person.ask('DELETE', `/api/images/${first.id}`)).status).toBe(204);
    await expect(person.download(second.url)).resolves.toEqual(two);
  },
);

scenario('a ComfyUI that hangs in a render keeps nobody for ever', async (stack) => {
  await slowRenders(stack);
  const person = await stack.newPerson();
  const chatId = await person.newChat();
  const { reply } = await person.draw(chatId, 'A gate.');
  const follower = person.follow(reply.id);
  await follower.until(({ type }) => type === 'progress');
  // Neither a step nor an answer comes any more.
  await arm(stack, 'comfyui', { slowStep: { times: 1, ms: 600_000 }, hang: true });
  await follower.ended(40_000);
  const { state, error } = await person.reply(reply.id);
  expect([state, error?.code]).toEqual(['failed', 'engine.stalled']);
  await expect(answerTo(person, chatId)).resolves.toMatchObject({ state: 'done' });
  await expect(pictureFor(person, chatId)).resolves.toMatchObject({ state: 'done' });
});

async function sameAgain(person: Person): Promise<Image> {
  const answer = await person.ask('POST', '/api/image/generate', {
    chat_id: await person.newChat(),
    description: 'A fence.',
    use_prompt_as_is: true,
    seed: 4_711,
    width: 256,
    height: 256,
  });
  const { reply } = sentMessage.parse(answer.body);
  expect(await person.follow(reply.id).ended(40_000)).toMatchObject({ state: 'done' });
  const [image] = await person.images(reply.id);
  if (image === undefined) throw new Error('no picture');
  return image;
}
