import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import { browserScenarios } from '../testing/browser.ts';
import { hurry, lastingReplies } from '../testing/scenarios.ts';
import type { Tab } from '../testing/tab.ts';

const { scenario } = browserScenarios();

const letters = (text: string): string => text.replace(/[^\p{L}]/gu, '');

/** The words of the newest answer on screen, without what stands above and below it. */
async function wordsOnScreen({ answer }: Tab): Promise<string> {
  return letters(await answer.locator('[class*=markdown]').first().innerText());
}

scenario('the first one here registers, asks, and watches the answer being written', async (scene) => {
  const { tab } = await scene.arrive();
  await tab.register('anna');
  await tab
    .button(/^Account and settings/)
    .getByText('Administrator')
    .waitFor();
  await tab.chats.getByText('No chats yet').waitFor();
  await tab.gpu.getByText('Simulated', { exact: true }).waitFor();

  await lastingReplies(scene.stack);
  await tab.ask('How do I paint a fence?');
  await tab.untilWriting();
  const early = await tab.answer.innerText();
  await tab.gpu.getByText('Ollama has the GPU').waitFor();
  await eventually(async () => (await tab.answer.innerText()).length > early.length);

  await tab.button('Stop').click();
  await tab.answer.getByText('Stopped.').waitFor();
  await tab.untilAnswered();
  expect(letters(await tab.answer.innerText())).toContain(letters(early.split('\n')[1] ?? ''));

  await hurry(scene.stack);
  await tab.button('Send again').click();
  await tab.answer.getByText(/^took .* tokens$/).waitFor();
  await tab.answer.getByText('Stopped.').waitFor({ state: 'detached' });
  expect(await tab.answer.locator('h1, h2, h3').count()).toBeGreaterThan(0);
  expect(await tab.answer.locator('pre').count()).toBeGreaterThan(0);
  await tab.button('Answer again').click();
  await tab.busy.waitFor({ state: 'detached' });
  await tab.answer.getByText(/^took .* tokens$/).waitFor();
  expect(await tab.page.getByRole('article').count()).toBe(2);
});

scenario('a reload, a second tab and a closed page neither lose, double nor end an answer', async (scene) => {
  const person = await scene.stack.newPerson();
  const visitor = await scene.arrive({ as: person });
  const { tab } = visitor;
  await tab.untilWelcomed();
  await lastingReplies(scene.stack);
  await tab.ask('Tell me of fences and other boundaries.');
  await tab.untilWriting();
  await tab.page.reload();
  await tab.untilWriting();

  const second = await visitor.newTab(`/chats/${tab.chatId}`);
  await second.untilWriting();
  const left = await visitor.newTab('/');
  await left.untilWelcomed();
  await left.ask('This one is not waited for.');
  await left.untilWriting();
  const unattended = left.chatId;
  await left.page.close();

  await hurry(scene.stack);
  const [, reply] = await person.messages(tab.chatId);
  await person.follow(reply?.id ?? 0).ended();
  const { content } = await person.reply(reply?.id ?? 0);
  for (const reader of [tab, second]) {
    await reader.untilAnswered();
    expect(await wordsOnScreen(reader)).toBe(letters(content));
  }
  await tab.page.reload();
  await tab.untilAnswered();
  expect(await wordsOnScreen(tab)).toBe(letters(content));
  await eventually(async () => (await person.messages(unattended)).at(-1)?.state === 'done');
});

scenario('an engine that fails says so in a sentence, and the message can be sent again', async (scene) => {
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  const ollama = await scene.stack.engine('ollama');
  await ollama.set({ faults: { midStreamError: { times: 1, afterTokens: 12 } } });
  await tab.ask('What is a fence for?');
  const again = tab.button('Send again');
  await again.waitFor();
  expect(await tab.answer.locator('[data-failed]').innerText()).toMatch(/^[A-Z].*\./);
  await again.click();
  await tab.answer.getByText(/^took .* tokens$/).waitFor();
  await again.waitFor({ state: 'detached' });
});

scenario('a gateway that goes away is told, and everything recovers by itself', async (scene) => {
  const visitor = await scene.arrive({ as: await scene.stack.newPerson() });
  const { tab } = visitor;
  await tab.untilWelcomed();
  await lastingReplies(scene.stack);
  await tab.ask('Go on while nobody listens.');
  await tab.untilWriting();
  visitor.expects(/ERR_|Failed to load resource/);
  const banner = tab.page.getByText('Baton cannot be reached. Trying again…');
  const back = scene.stack.crash('gateway');
  await banner.waitFor();
  await back;
  await banner.waitFor({ state: 'detached', timeout: 20_000 });
  await hurry(scene.stack);
  await tab.untilAnswered();
  await tab.answer.getByText(/^took .* tokens$/).waitFor();
  await tab.ask('Are you there again?');
  await tab.answer.getByText(/^took .* tokens$/).waitFor();
});
