import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chat, gpuHistory, message, serverList, type GpuHistory, type Message } from '@baton/contracts';
import { eventually, tinyGguf } from '@baton/testing';
import { afterAll, expect } from '@jest/globals';
import type { Person } from './testing/person.ts';
import { hurry, scenarios, slowRenders } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const STORY = ['Сразу', ' на', ' процессоре', '.'];
/** A process with a native library is started on a busy machine. */
const PATIENT_MS = 45_000;
const LIMIT_MS = 150_000;

const folder = mkdtempSync(join(tmpdir(), 'baton-cpu-'));
const model = join(folder, 'tiny.gguf');
writeFileSync(model, tinyGguf({ story: STORY }));
afterAll(() => rmSync(folder, { recursive: true }));

const { scenario } = scenarios({
  env: {
    LOCAL_MODEL_PATH: model,
    CHAT_TITLES: 'true',
    ENABLE_CACHING: 'true',
    // What the GPU does by itself would hide what a title makes it do.
    GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: 'false',
    GPU_WAIT_TIMEOUT: '120',
    // Until the first word a process with a native library starts and loads its model.
    OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS: '40',
  },
});

/** The first person of the stack: the administrator, who may see the history. */
let first: Person | null = null;
async function administrator(stack: Stack): Promise<Person> {
  first ??= await stack.newPerson();
  return first;
}

async function untitledChat(person: Person): Promise<number> {
  const created = await person.ask('POST', '/api/chats', { model: 'gpt-oss:20b' });
  return chat.parse(created.body).id;
}

async function titleOf(person: Person, chatId: number): Promise<string> {
  const { body } = await person.ask('GET', `/api/chats/${chatId}`);
  return chat.parse((body as { chat: unknown }).chat).title;
}

async function visits(person: Person): Promise<GpuHistory['visits']> {
  return gpuHistory.parse((await person.ask('GET', '/api/gpu/history?limit=50')).body).visits;
}

async function ended(person: Person, replyId: number): Promise<Message> {
  return eventually(
    async () => {
      const reply = await person.reply(replyId);
      return reply.finished_at === null ? null : reply;
    },
    { timeoutMs: PATIENT_MS, everyMs: 50 },
  );
}

scenario(
  'titles are made by the model that has the GPU; they wait while an image has it, and never bring a model back',
  async (stack) => {
    const admin = await administrator(stack);
    const question = 'How do I paint a fence so that it lasts for at least ten years?';
    const early = await untitledChat(admin);
    await admin.talk(early, question);
    await eventually(async () => (await titleOf(admin, early)) !== question, { timeoutMs: PATIENT_MS });
    // An image waits already when the next answer ends: its title finds no time.
    await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 20, minReplyTokens: 40 } });
    const late = await untitledChat(admin);
    const { reply } = await admin.say(late, question);
    await admin.follow(reply.id).until(({ type }) => type === 'text');
    const picture = await admin.draw(late, 'A lighthouse.');
    await hurry(stack);
    await ended(admin, reply.id);
    await ended(admin, picture.reply.id);
    const seen = (await visits(admin)).filter(({ lane }) => lane !== null).reverse();
    const jobs = seen.flatMap(({ leases }) => leases);
    const chores = jobs.filter(({ urgency }) => urgency === 'chore');
    expect(chores.map(({ job_id: id }) => id)).toHaveLength(1);
    // Visits were begun by answers, prompts and images only.
    for (const { leases } of seen) expect(leases[0]?.urgency).not.toBe('chore');
    expect(seen.at(-1)?.lane?.engine).toBe('comfyui');
  },
  LIMIT_MS,
);

scenario(
  'a reply that waits behind an image is answered by the CPU under its id, and by the GPU when asked again',
  async (stack) => {
    const person = await stack.newPerson();
    const servers = await eventually(
      async () => {
        const list = serverList.parse((await person.ask('GET', '/api/models/servers')).body);
        return list.servers.find(({ id, state }) => id === 'local' && state === 'up');
      },
      { timeoutMs: PATIENT_MS },
    );
    expect(servers.models).toMatchObject([{ model: 'tiny', quantization: 'ALL_F32' }]);
    await slowRenders(stack);
    const chatId = await untitledChat(person);
    const picture = await person.draw(await untitledChat(person), 'A lighthouse.');
    await person.follow(picture.reply.id).until(({ type }) => type === 'progress');
    const { reply } = await person.say(chatId, 'Как покрасить забор?');
    const now = await person.ask('POST', `/api/replies/${reply.id}/answer-now`);
    expect(now.status).toBe(200);
    expect(message.parse(now.body).id).toBe(reply.id);
    const answered = await ended(person, reply.id);
    expect(answered).toMatchObject({
      state: 'done',
      content: STORY.join(''),
      details: { engine: 'local', instance: 'local', routing: { because: 'answered_on_cpu' } },
    });
    // The image has the GPU all the while.
    expect((await person.reply(picture.reply.id)).finished_at).toBeNull();
    await hurry(stack);
    await ended(person, picture.reply.id);
    const again = await person.ask('POST', `/api/chats/${chatId}/messages/${reply.id}/regenerate`, {
      engine: 'gpu',
    });
    const onGpu = await ended(person, message.parse(again.body).id);
    expect(onGpu).toMatchObject({ state: 'done', details: { engine: 'ollama', instance: 'main' } });
  },
  LIMIT_MS,
);

scenario(
  'a question that was asked before is answered at once from the cache, without the GPU',
  async (stack) => {
    const person = await stack.newPerson();
    await hurry(stack);
    const question = 'Which brush do I take?';
    const answer = await person.talk(await untitledChat(person), question);
    expect(answer.details?.engine).toBe('ollama');
    const again = await eventually(
      async () => {
        const reply = await person.talk(await untitledChat(person), question);
        return reply.details?.engine === 'cache' ? reply : null;
      },
      { timeoutMs: PATIENT_MS, everyMs: 200 },
    );
    expect(again).toMatchObject({
      state: 'done',
      content: answer.content,
      timeline: [],
      usage: answer.usage,
    });
  },
  LIMIT_MS,
);
