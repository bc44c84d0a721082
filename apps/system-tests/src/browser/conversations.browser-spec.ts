import { expect } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { eventually } from '@baton/testing';
import type { Locator } from 'playwright-core';
import { accessibilityFaults } from '../testing/accessibility.ts';
import { browserScenarios } from '../testing/browser.ts';
import { hurry, lastingReplies } from '../testing/scenarios.ts';
import type { Tab } from '../testing/tab.ts';

const { scenario } = browserScenarios();

const articles = (tab: Tab): Locator => tab.page.getByRole('main').getByRole('article');
const question = (tab: Tab): Locator => articles(tab).first();
const versionsOf = (message: Locator): Locator =>
  message.getByRole('group', { name: 'Versions of this message' });

/** The newest answer has come to its end, and no other one is being made. */
async function untilWritten(tab: Tab): Promise<void> {
  await tab.untilAnswered();
  await tab.busy.waitFor({ state: 'detached' });
}

scenario(
  'a question asked in other words and an answer asked for again are branches to go between',
  async (scene) => {
    const person = await scene.stack.newPerson();
    const { tab } = await scene.arrive({ as: person });
    await tab.untilWelcomed();
    await hurry(scene.stack);
    await tab.ask('How do I paint a fence?');
    await untilWritten(tab);

    await question(tab).getByRole('button', { name: 'Edit' }).click();
    await tab.page.getByRole('textbox', { name: 'Edit the message' }).fill('How do I paint a bridge?');
    await tab.button('Save and send').click();
    await question(tab).getByText('How do I paint a bridge?').waitFor();
    await untilWritten(tab);
    await versionsOf(question(tab)).getByText('2 / 2').waitFor();
    expect(await articles(tab).count()).toBe(2);

    await versionsOf(question(tab)).getByRole('button', { name: 'Version before' }).click();
    await question(tab).getByText('How do I paint a fence?').waitFor();
    await versionsOf(question(tab)).getByText('1 / 2').waitFor();
    await tab.button('Answer again').click();
    await versionsOf(tab.answer).getByText('2 / 2').waitFor();
    await untilWritten(tab);

    await tab.page.reload();
    await question(tab).getByText('How do I paint a fence?').waitFor();
    await versionsOf(tab.answer).getByText('2 / 2').waitFor();
    await versionsOf(tab.answer).getByRole('button', { name: 'Version before' }).click();
    await versionsOf(tab.answer).getByText('1 / 2').waitFor();
    await versionsOf(question(tab)).getByRole('button', { name: 'Version after' }).click();
    await question(tab).getByText('How do I paint a bridge?').waitFor();
  },
);

scenario('messages are changed in their place, rated and deleted', async (scene) => {
  const person = await scene.stack.newPerson();
  const { tab } = await scene.arrive({ as: person });
  await tab.untilWelcomed();
  await hurry(scene.stack);
  await tab.ask('How do I paint a fence?');
  await untilWritten(tab);

  await tab.answer.getByRole('button', { name: 'Edit' }).click();
  await tab.page.getByRole('textbox', { name: 'Edit the message' }).fill('With a **brush**.');
  await tab.button('Save').click();
  await tab.answer.getByText('edited').waitFor();
  expect(await tab.answer.locator('strong').innerText()).toBe('brush');
  const good = tab.answer.getByRole('button', { name: 'Good answer' });
  await good.click();
  await eventually(async () => (await good.getAttribute('aria-pressed')) === 'true');
  expect(await person.messages(tab.chatId)).toMatchObject([
    {},
    { content: 'With a **brush**.', rating: 'up' },
  ]);

  await tab.answer.getByRole('button', { name: 'Delete' }).click();
  const dialog = tab.page.getByRole('dialog', { name: 'Delete this message?' });
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await eventually(async () => (await articles(tab).count()) === 1);
  expect((await person.messages(tab.chatId)).map(({ role }) => role)).toEqual(['user']);
});

scenario('thoughts are seen while they come and fold away when the answer begins', async (scene) => {
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await lastingReplies(scene.stack);
  await tab.ask('How do I paint a fence?');
  const fold = tab.answer.getByRole('button', { name: /^(Thinking for|Thought)/ });
  const thoughts = tab.answer.getByRole('group', { name: 'Thoughts' });
  await thoughts.waitFor();
  expect(await fold.getAttribute('aria-expanded')).toBe('true');

  await hurry(scene.stack);
  await untilWritten(tab);
  await thoughts.waitFor({ state: 'detached' });
  expect(await fold.innerText()).toMatch(/^Thought for [\d.]+/);
  await fold.press('Enter');
  await thoughts.waitFor();
  expect((await thoughts.innerText()).length).toBeGreaterThan(0);
  await tab.page.reload();
  await untilWritten(tab);
  expect(await fold.getAttribute('aria-expanded')).toBe('false');
});

scenario('settings of a chat hold for it, are kept, and go back to the defaults', async (scene) => {
  const person = await scene.stack.newPerson();
  const { tab } = await scene.arrive({ as: person });
  await tab.untilWelcomed();
  await hurry(scene.stack);
  const settings = tab.page.getByRole('dialog', { name: 'Chat settings' });
  await tab.button('Chat settings').click();
  await settings.getByRole('textbox', { name: 'System prompt' }).fill('Answer in one sentence.');
  await settings.getByRole('textbox', { name: /^Longest answer/ }).fill('60');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.waitFor({ state: 'detached' });
  await tab.ask('Tell me all about fences.');
  await untilWritten(tab);
  await tab.answer.getByText('Cut by the limit of length.').waitFor();
  expect((await person.messages(tab.chatId)).at(-1)?.usage?.completion_tokens).toBe(60);

  await tab.page.reload();
  await tab.button('Chat settings').click();
  expect(await settings.getByRole('textbox', { name: 'System prompt' }).inputValue()).toBe(
    'Answer in one sentence.',
  );
  await settings.getByRole('button', { name: 'Back to the defaults' }).click();
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.waitFor({ state: 'detached' });
  await tab.button('Answer again').click();
  await versionsOf(tab.answer).getByText('2 / 2').waitFor();
  await untilWritten(tab);
  expect(await tab.answer.getByText('Cut by the limit of length.').count()).toBe(0);
});

scenario('a chat is saved as a file, read again as another chat, and found by its words', async (scene) => {
  const person = await scene.stack.newPerson();
  const chatId = await person.newChat('Fences');
  await hurry(scene.stack);
  await person.talk(chatId, 'What is a palisade?');
  const { tab } = await scene.arrive({ as: person });
  await tab.chats.getByRole('link', { name: 'Fences' }).click();
  await untilWritten(tab);
  const words = await articles(tab).allInnerTexts();

  await tab.page.getByRole('main').getByRole('button', { name: 'Actions for “Fences”' }).click();
  const download = tab.page.waitForEvent('download');
  await tab.page.getByRole('menuitem', { name: 'Export as JSON' }).click();
  const file = await (await download).path();
  expect(await readFile(file, 'utf8')).toContain('What is a palisade?');
  await tab.page.locator('input[type=file][accept*=json]').setInputFiles({
    name: 'fences.json',
    mimeType: 'application/json',
    buffer: await readFile(file),
  });
  await eventually(() => tab.chatId !== chatId && tab.page.url().includes('/chats/'));
  await eventually(async () => (await articles(tab).count()) === 2);
  expect(await articles(tab).first().innerText()).toBe(words[0]);

  const search = tab.page.getByRole('searchbox', { name: 'Search chats' });
  await search.fill('palisade');
  await eventually(async () => (await tab.chats.getByRole('listitem').count()) === 2);
  await search.fill('fences');
  await tab.chats.locator('mark', { hasText: 'Fences' }).first().waitFor();
  await search.fill('drawbridge');
  await tab.chats.getByText('Nothing found for “drawbridge”.').waitFor();
});

scenario('a long chat is read backwards without losing the place', async (scene) => {
  const person = await scene.stack.newPerson();
  const said = Array.from({ length: 230 }, (_, index) => ({
    id: index + 1,
    parent_id: index === 0 ? null : index,
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `Message number ${index + 1}.`,
    thinking: null,
    model: null,
    created_at: '2026-11-20T10:00:00.000Z',
    shown: true,
  }));
  const settings = { temperature: null, top_p: null, max_tokens: null, think: null, system_prompt: null };
  const imported = await person.ask('POST', '/api/chats/import', {
    format: 'baton-chat',
    version: 1,
    exported_at: '2026-11-20T10:00:00.000Z',
    chat: { title: 'A long one', model: null, ...settings },
    messages: said,
  });
  expect(imported.status).toBe(201);
  const { tab } = await scene.arrive({ as: person });
  await tab.chats.getByRole('link', { name: 'A long one' }).click();
  await tab.answer.getByText('Message number 230.').waitFor();
  expect(await articles(tab).count()).toBe(100);

  const first = articles(tab).filter({ hasText: /Message number 131\./ });
  await first.scrollIntoViewIfNeeded();
  await eventually(async () => (await articles(tab).count()) >= 200);
  // What was read is still on the screen, and not what came in above it.
  await eventually(async () => {
    const box = await first.boundingBox();
    return box !== null && box.y > 0 && box.y < 860;
  });
  await tab.button('Jump to the latest message').click();
  await tab.answer.getByText('Message number 230.').waitFor();
});

scenario(
  'the screens of models, batches, comparisons and chats between models shut nobody out',
  async (scene) => {
    const person = await scene.stack.newPerson();
    await hurry(scene.stack);
    const { tab } = await scene.arrive({ as: person });
    await tab.untilWelcomed();
    const screens = [
      ['/models', 'Models'],
      ['/batches', 'Batches of questions'],
      ['/comparisons', 'Comparisons of models'],
      ['/dialogue', 'Chat between models'],
    ] as const;
    for (const [path, title] of screens) {
      await tab.page.goto(scene.stack.url + path);
      await tab.page.getByRole('heading', { level: 1, name: title }).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.page.emulateMedia({ colorScheme });
        await tab.page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
        expect([path, colorScheme, await accessibilityFaults(tab.page)]).toEqual([path, colorScheme, []]);
      }
    }
  },
);

scenario('two models talk to each other while somebody watches and stops them', async (scene) => {
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await hurry(scene.stack);
  await tab.page.goto(`${scene.stack.url}/dialogue`);
  for (const [number, model] of [
    [1, 'gpt-oss:20b'],
    [2, 'gpt-oss:20b'],
  ] as const) {
    await tab.page.getByRole('combobox', { name: `Model ${number}` }).click();
    await tab.page.getByRole('option', { name: model }).filter({ visible: true }).click();
  }
  await tab.page.getByRole('textbox', { name: 'What model 1 is told about itself' }).fill('An engineer.');
  await tab.page.getByRole('textbox', { name: 'What they begin with' }).fill('Talk of bridges.');
  await tab.button('Begin').and(tab.page.locator('[type=submit]')).click();
  await tab.page.waitForURL(/\/chats\/\d+$/);
  await articles(tab).nth(2).waitFor();
  await tab.page.getByText(/^turn \d+ of 6$/).waitFor();
  await lastingReplies(scene.stack);
  const stop = tab.button('Stop the conversation');
  const over = tab.page.getByRole('status').filter({ hasText: /^(Stopped|The conversation is complete)$/ });
  await Promise.race([stop.click(), over.waitFor()]);
  await over.waitFor();
});
