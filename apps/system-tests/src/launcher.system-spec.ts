import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Launcher } from './testing/launcher.ts';
import { Person } from './testing/person.ts';
import { STACK_VARIABLE, allGone, processesOf } from './testing/process-table.ts';
import { Stack, newDataDir } from './testing/stack.ts';

const LIMIT_MS = 150_000;
/** A service may take 8 s to close, and they close in four waves; none of ours has a reason to use that. */
const STOP_LIMIT_MS = 20_000;

test(
  'what was there before a Ctrl-C is there after the next start, and a second launcher is refused',
  async () => {
    const dataDir = newDataDir();
    try {
      const first = await Stack.start({ dataDir });
      const person = await first.newPerson();
      const chatId = await person.newChat('Kept');
      const { reply } = await person.draw(chatId, 'A picture to keep.');
      await person.follow(reply.id).ended();
      const { reply: left } = await person.say(await person.newChat(), 'Asked just before the end.');

      const rival = await Launcher.start({ dataDir });
      await expect(rival.exited).resolves.toMatchObject({ code: 1 });
      expect(rival.lines.join('\n')).toContain(`Baton runs already in ${dataDir}`);

      const stopAt = performance.now();
      await first.stop();
      expect(performance.now() - stopAt).toBeLessThan(STOP_LIMIT_MS);

      const second = await Stack.start({ dataDir });
      const again = await person.refresh(second.url);
      expect(again.session.user).toEqual(person.session.user);
      const [asked, picture] = await again.messages(chatId);
      expect(asked?.content).toBe('A picture to keep.');
      expect(picture).toMatchObject({ state: 'done', attachments: [{ width: 256 }] });
      const [image] = await again.images(reply.id);
      expect((await again.download(image?.url ?? '')).subarray(1, 4).toString()).toBe('PNG');
      await expect(again.follow(left.id).ended()).resolves.toMatchObject({
        state: expect.stringMatching(/^(done|failed)$/),
      });
      await expect(again.talk(chatId, 'Still there?')).resolves.toMatchObject({ state: 'done' });
      await second.stop();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  LIMIT_MS,
);

test(
  'a Ctrl-C in the middle of the start, and in the middle of work, leaves nothing',
  async () => {
    const dataDir = newDataDir();
    const id = randomUUID();
    try {
      const launcher = await Launcher.start({ dataDir, env: { [STACK_VARIABLE]: id } });
      await launcher.said(/Starting the services/);
      launcher.signal('SIGINT');
      await launcher.exited;
      await allGone(id, new Set(), 1_000);

      const stack = await Stack.start({ dataDir });
      const person = await Person.register(stack.url, 'anna');
      const { reply } = await person.draw(await person.newChat(), 'Something under way.');
      await person.follow(reply.id).untilState('prompting');
      await stack.stop();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  LIMIT_MS,
);

test(
  'a launcher that is killed takes everything with it',
  async () => {
    const stack = await Stack.start();
    try {
      expect(await processesOf(stack.id)).not.toEqual([]);
      stack.launcher.signal('SIGKILL');
      await stack.launcher.exited;
      await allGone(stack.id, new Set(), 20_000);
    } finally {
      stack.removeData();
    }
  },
  LIMIT_MS,
);

test(
  'a service that cannot start is named with its reason, and nothing stays behind',
  async () => {
    const dataDir = newDataDir();
    const id = randomUUID();
    try {
      // A folder where the database file should be.
      mkdirSync(join(dataDir, 'data', 'chat-service.sqlite', 'in-the-way'), { recursive: true });
      writeFileSync(join(dataDir, 'data', 'chat-service.sqlite', 'in-the-way', 'file'), '');
      const launcher = await Launcher.start({ dataDir, env: { [STACK_VARIABLE]: id } });
      await expect(launcher.exited).resolves.toMatchObject({ code: 1 });
      const said = launcher.lines.join('\n');
      expect(said).toMatch(/chat-service did not start/);
      expect(said).toMatch(/unable to open|directory|SQLITE/i);
      await allGone(id, new Set(), 1_000);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  LIMIT_MS,
);
