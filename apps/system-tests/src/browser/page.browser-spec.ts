import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { Locator, Page } from 'playwright-core';
import { accessibilityFaults } from '../testing/accessibility.ts';
import { browserScenarios } from '../testing/browser.ts';
import { hurry, lastingReplies } from '../testing/scenarios.ts';
import type { Tab } from '../testing/tab.ts';

const { scenario } = browserScenarios();

const PHONES = [
  { width: 375, height: 740 },
  { width: 360, height: 640 },
] as const;
const THEMES = ['light', 'dark'] as const;
/** More than any page here has places to stop at. */
const MOST_STOPS = 40;

async function menuOf(tab: Tab, title: string): Promise<void> {
  await tab.chats.getByRole('link', { name: title }).hover();
  await tab.chats.getByRole('button', { name: `Actions for “${title}”` }).click();
}

async function chooseFromMenu(tab: Tab, title: string, action: string): Promise<void> {
  await menuOf(tab, title);
  await tab.page.getByRole('menuitem', { name: action }).click();
}

scenario('chats are renamed, pinned, found and deleted', async (scene) => {
  const person = await scene.stack.newPerson();
  for (const title of ['Fences', 'Bridges', 'Towers']) await person.newChat(title);
  const { tab } = await scene.arrive({ as: person });
  const link = (name: string): Locator => tab.chats.getByRole('link', { name, exact: true });
  await link('Fences').click();
  await chooseFromMenu(tab, 'Fences', 'Rename');
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Hedges');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await link('Hedges').waitFor();
  await tab.page.getByRole('heading', { name: 'Hedges' }).waitFor();

  await chooseFromMenu(tab, 'Bridges', 'Pin');
  await tab.chats.getByRole('heading', { name: 'Pinned' }).waitFor();
  expect((await tab.chats.getByRole('listitem').allInnerTexts())[0]).toContain('Bridges');

  const search = tab.page.getByRole('searchbox', { name: 'Search chats' });
  await search.fill('tower');
  await link('Hedges').waitFor({ state: 'detached' });
  await link('Towers').waitFor();
  await search.fill('castle');
  await tab.chats.getByText('Nothing found for “castle”.').waitFor();
  await tab.button('Clear the search').click();

  await chooseFromMenu(tab, 'Hedges', 'Delete');
  await dialog.getByText('will be gone for good').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await link('Hedges').waitFor();
  await chooseFromMenu(tab, 'Hedges', 'Delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await link('Hedges').waitFor({ state: 'detached' });
  await tab.page.getByRole('heading', { name: /^What shall we work on/ }).waitFor();
  await tab.page.reload();
  await link('Bridges').waitFor();
  expect(await link('Hedges').count()).toBe(0);
});

scenario('model, language and appearance are chosen and remembered', async (scene) => {
  const person = await scene.stack.newPerson();
  const { tab } = await scene.arrive({ as: person });
  await tab.untilWelcomed();
  const model = tab.page.getByRole('combobox', { name: 'Model' });
  const before = await model.inputValue();
  await model.click();
  const options = tab.page.getByRole('option');
  const other = (await options.allInnerTexts()).find((name) => name !== before && !name.includes('embed'));
  await options.getByText(other ?? 'another model', { exact: true }).click();
  await tab.ask('Which model are you?');
  await tab.untilAnswered();
  expect((await person.messages(tab.chatId)).at(-1)?.model).toBe(other);
  await tab.page.reload();
  await eventually(async () => (await model.inputValue()) === other);

  await tab.button(/^Account and settings/).click();
  await tab.choose('Dark');
  await tab.choose('Русский');
  await tab.page.getByRole('link', { name: 'Новый чат' }).waitFor();
  await tab.page.reload();
  await tab.page.getByRole('link', { name: 'Новый чат' }).waitFor();
  const root = tab.page.locator('html');
  expect([await root.getAttribute('lang'), await root.getAttribute('data-mantine-color-scheme')]).toEqual([
    'ru',
    'dark',
  ]);
});

scenario('nothing on any page shuts somebody out, in light and in dark', async (scene) => {
  const { tab } = await scene.arrive();
  const faults = async (state: string): Promise<void> => {
    for (const colorScheme of THEMES) {
      await tab.page.emulateMedia({ colorScheme });
      await tab.page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
      expect([state, colorScheme, await accessibilityFaults(tab.page)]).toEqual([state, colorScheme, []]);
    }
  };
  await tab.page.getByRole('tab', { name: 'Log in' }).waitFor();
  await faults('logging in');
  await tab.register('vera');
  await faults('no chat yet');
  await hurry(scene.stack);
  await tab.ask('How do I paint a fence?');
  await tab.untilAnswered();
  await tab.draw('A white fence at sunset');
  await tab.untilPictured();
  await faults('words and a picture');
  await tab.button('Show the picture in full').click();
  await tab.page.getByRole('dialog').getByRole('link', { name: 'Download' }).waitFor();
  await faults('a picture in full');
});

/** By how many pixels the page is wider and taller than what is seen of it. */
async function overflow(page: Page): Promise<readonly unknown[]> {
  return [
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    await page.evaluate('document.documentElement.scrollHeight - document.documentElement.clientHeight'),
  ];
}

/** The page stands still; only what lies in it scrolls. A menu finds its place in its first frames. */
async function expectStill(page: Page, what: string): Promise<void> {
  await eventually(async () => (await overflow(page)).every((px) => px === 0)).catch(() => undefined);
  expect([what, ...(await overflow(page))]).toEqual([what, 0, 0]);
}

scenario('on a phone everything is within reach and the page stands still', async (scene) => {
  const person = await scene.stack.newPerson();
  const { tab } = await scene.arrive({ as: person, viewport: PHONES[0] });
  await tab.untilWelcomed();
  await hurry(scene.stack);
  await tab.ask('How do I paint a fence?');
  await tab.untilAnswered();
  await tab.draw('A white fence at sunset');
  await tab.untilPictured();
  for (const phone of PHONES) {
    const at = (what: string): string => `${what} at ${phone.width} px`;
    await tab.page.setViewportSize({ width: phone.height * 2, height: phone.width });
    await tab.page.setViewportSize(phone);
    // A field of one line again, whatever width it had before.
    await eventually(async () => ((await tab.message.boundingBox())?.height ?? 0) < 60);
    await expectStill(tab.page, at('a chat'));
    await tab.button(/^GPU details/).click();
    await tab.page.getByText('The queue is empty.').waitFor();
    await expectStill(tab.page, at('GPU details'));
    await tab.page.keyboard.press('Escape');
    await tab.button('Show the picture in full').click();
    await tab.page.getByRole('dialog').getByRole('link', { name: 'Download' }).waitFor();
    await expectStill(tab.page, at('the picture'));
    await tab.button('Close').click();
    await tab.page.getByRole('dialog').waitFor({ state: 'detached' });

    await tab.menu.first().click();
    await tab.chats.getByRole('link', { name: 'How do I paint a fence?' }).waitFor();
    await tab.button(/^Account and settings/).click();
    await tab.page.getByRole('menuitem', { name: 'Log out' }).waitFor();
    await expectStill(tab.page, at('the menus'));
    await tab.page.keyboard.press('Escape');
    await tab.chats.getByRole('link', { name: 'New chat' }).click();
    await tab.untilWelcomed();
    await expectStill(tab.page, at('no chat yet'));
    await tab.menu.first().click();
    await tab.chats.getByRole('link', { name: 'How do I paint a fence?' }).click();
    await tab.untilPictured();
  }
});

/** Goes there with the Tab key, as somebody without a mouse does. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    if ((await target.and(page.locator(':focus')).count()) === 1) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key does not lead to ${String(target)}.`);
}

scenario('the keyboard alone is enough to register, ask, stop and open a chat', async (scene) => {
  const { tab } = await scene.arrive();
  const { page } = tab;
  const type = (text: string): Promise<void> => page.keyboard.type(text);
  await page.getByRole('tab', { name: 'Log in' }).waitFor();
  await tabTo(page, page.getByRole('tab', { name: 'Log in' }));
  await page.keyboard.press('ArrowRight');
  await tabTo(page, page.getByLabel('User name'));
  await type('klara');
  await tabTo(page, page.getByRole('textbox', { name: 'Password' }));
  await type('correct horse battery staple');
  await page.keyboard.press('Enter');
  await tab.untilWelcomed();

  await lastingReplies(scene.stack);
  await tabTo(page, tab.message);
  await type('How do I paint a fence?');
  await page.keyboard.press('Enter');
  await tab.untilWriting();
  await tabTo(page, tab.button('Stop'));
  await page.keyboard.press('Enter');
  await tab.answer.getByText('Stopped.').waitFor();

  await tabTo(page, tab.chats.getByRole('link', { name: 'New chat' }));
  await page.keyboard.press('Enter');
  await tab.untilWelcomed();
  await tabTo(page, tab.chats.getByRole('link', { name: 'How do I paint a fence?' }));
  await page.keyboard.press('Enter');
  await tab.answer.getByText('Stopped.').waitFor();
});
