import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Launcher } from './testing/launcher.ts';
import type { LauncherOptions } from './testing/launcher.ts';
import { STACK_VARIABLE, allGone, processesOf } from './testing/process-table.ts';
import { Stack, newDataDir } from './testing/stack.ts';

const LIMIT_MS = 150_000;
/** A service may take 8 s to close, and they close in four waves; none of ours has a reason to use that. */
const STOP_LIMIT_MS = 20_000;
/** Services notice at once that the launcher is gone; Redis and the engines have a few seconds to end in order. */
const ORPHAN_LIMIT_MS = 20_000;

let dataDir: string;
const launched: Launcher[] = [];

async function launch(options: LauncherOptions): Promise<Launcher> {
  const launcher = await Launcher.start(options);
  launched.push(launcher);
  return launcher;
}

async function start(): Promise<Stack> {
  const stack = await Stack.start({ dataDir });
  launched.push(stack.launcher);
  return stack;
}

beforeEach(() => {
  dataDir = newDataDir();
});
afterEach(async () => {
  // What a failed test left: its launcher takes everything else with it.
  for (const launcher of launched.splice(0)) {
    launcher.signal('SIGKILL');
    await launcher.exited;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

test(
  'what was there before a Ctrl-C is there after the next start; a second launcher is refused; a killed one leaves nothing',
  async () => {
    const first = await start();
    const person = await first.newPerson();
    const chatId = await person.newChat('Kept');
    const { reply } = await person.draw(chatId, 'A picture to keep.');
    await person.follow(reply.id).ended();
    const { reply: left } = await person.draw(await person.newChat(), 'Under way at the end.');
    const leaving = person.follow(left.id);
    await leaving.untilState('prompting');
    await leaving.leave();

    const rival = await launch({ dataDir });
    await expect(rival.exited).resolves.toMatchObject({ code: 1 });
    expect(rival.lines.join('\n')).toContain(`Baton runs already in ${dataDir}`);

    const stopAt = performance.now();
    await first.stop();
    expect(performance.now() - stopAt).toBeLessThan(STOP_LIMIT_MS);

    const second = await start();
    const again = await person.refresh(second.url);
    expect(again.session.user).toEqual(person.session.user);
    const [asked, picture] = await again.messages(chatId);
    expect(asked?.content).toBe('A picture to keep.');
    expect(picture).toMatchObject({ state: 'done', attachments: [{ width: 256 }] });
    const [image] = await again.images(reply.id);
    expect((await again.download(image?.url ?? '')).subarray(1, 4).toString()).toBe('PNG');
    await expect(again.follow(left.id).ended()).resolves.toMatchObject({ state: 'done' });
    await expect(again.talk(chatId, 'Still there?')).resolves.toMatchObject({ state: 'done' });

    expect(await processesOf(second.id)).not.toEqual([]);
    second.launcher.signal('SIGKILL');
    await second.launcher.exited;
    await allGone(second.id, new Set(), ORPHAN_LIMIT_MS);
  },
  LIMIT_MS,
);

test(
  'a Ctrl-C in the middle of the start leaves nothing',
  async () => {
    const id = randomUUID();
    const launcher = await launch({ dataDir, env: { [STACK_VARIABLE]: id } });
    await launcher.said(/Starting the services/);
    launcher.signal('SIGINT');
    await launcher.exited;
    await allGone(id, new Set(), 1_000);
  },
  LIMIT_MS,
);

test(
  'a service that cannot start is named with its reason, and nothing stays behind',
  async () => {
    const id = randomUUID();
    // A folder where the database file should be.
    mkdirSync(join(dataDir, 'data', 'chat-service.sqlite'), { recursive: true });
    const launcher = await launch({ dataDir, env: { [STACK_VARIABLE]: id } });
    await expect(launcher.exited).resolves.toMatchObject({ code: 1 });
    const said = launcher.lines.join('\n');
    expect(said).toMatch(/chat-service did not start/);
    expect(said).toMatch(/unable to open connection to local database/i);
    await allGone(id, new Set(), 1_000);
  },
  LIMIT_MS,
);
