import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chat, message, serverList, sentMessage, type Message } from '@baton/contracts';
import { eventually } from '@baton/testing';
import type { Person } from './testing/person.ts';
import { Stack } from './testing/stack.ts';

const START_LIMIT_MS = 150_000;
const LIMIT_MS = 90_000;
const SIMULATOR = join(import.meta.dirname, '..', '..', 'engine-simulator', 'dist', 'main.js');

let elsewhere: ChildProcess;
let stack: Stack | undefined;

beforeAll(async () => {
  elsewhere = spawn(process.execPath, [SIMULATOR, 'ollama', '--host', '127.0.0.1', '--port', '0'], {
    env: { ...process.env, SIM_CONTROL: JSON.stringify({ speed: 10 }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { listening } = await firstLine(elsewhere);
  stack = await Stack.start({
    env: {
      OLLAMA_URL_1: `${listening}/v1`,
      OLLAMA_MODEL_1: 'phi3',
      OLLAMA_CAPABILITIES_1: 'coding',
    },
  });
}, START_LIMIT_MS);

afterAll(async () => {
  await stack?.stop();
  stack?.removeData();
  if (elsewhere.exitCode !== null || elsewhere.signalCode !== null) return;
  elsewhere.kill('SIGKILL');
  await once(elsewhere, 'exit');
}, START_LIMIT_MS);

async function firstLine(child: ChildProcess): Promise<{ listening: string }> {
  if (child.stdout === null) throw new Error('the simulator says nothing');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as { listening: string };
}

async function answerOf(person: Person, body: object): Promise<Message> {
  // Nothing is said about thinking: not every model here can.
  const created = await person.ask('POST', '/api/chats', { title: 'A chat' });
  const chatId = chat.parse(created.body).id;
  const sent = await person.ask('POST', `/api/chats/${chatId}/messages`, { content: 'Say hello.', ...body });
  const { reply } = sentMessage.parse(sent.body);
  await person.follow(reply.id).ended();
  return message.parse(await person.reply(reply.id));
}

test(
  'another server answers without the GPU; when it dies the GPU’s own answers, and the message says so',
  async () => {
    if (stack === undefined) throw new Error('The stack has not started.');
    const person = await stack.newPerson();
    const state = async () => {
      const { servers } = serverList.parse((await person.ask('GET', '/api/models/servers')).body);
      return servers.find(({ id }) => id === '1')?.state;
    };
    await eventually(async () => (await state()) === 'up');

    const there = await answerOf(person, { task_type: 'code_generation' });
    expect(there).toMatchObject({
      state: 'done',
      details: {
        instance: '1',
        routing: { asked: 'code_generation', because: 'task_type' },
      },
    });
    expect((await person.gpu()).holder?.model ?? 'none').not.toBe(there.model);

    elsewhere.kill('SIGKILL');
    await once(elsewhere, 'exit');
    const here = await answerOf(person, { model: there.model });
    expect(here).toMatchObject({
      state: 'done',
      details: { instance: 'main', routing: { because: 'instance_down' } },
    });
    expect(here.details?.failures).toContainEqual({ code: 'engine.unavailable', instance: '1' });
    await eventually(async () => (await state()) === 'down', { timeoutMs: 30_000 });
  },
  LIMIT_MS,
);
