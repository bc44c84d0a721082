import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import sharp from 'sharp';
import { browserScenarios } from '../testing/browser.ts';
import { hurry, lastingReplies } from '../testing/scenarios.ts';

// A hand-over lasts until the test has seen it.
const { scenario } = browserScenarios({ env: { SWAP_FREE_TIMEOUT_SECONDS: '60' } });

const LIGHTHOUSE = 'A lighthouse on a cliff at dusk';
/** Of a step for a megapixel, in simulated milliseconds: about one second for a small picture. */
const WATCHABLE = { stepMs: 40_000 };

scenario('a picture is asked for, watched being made, looked at and kept', async (scene) => {
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await (await scene.stack.engine('comfyui')).set({ settings: WATCHABLE });
  const ollama = await scene.stack.engine('ollama');
  await ollama.set({ faults: { unloadHangs: true } });
  await tab.draw(LIGHTHOUSE);
  await tab.gpu.getByText('Hand-over').waitFor();
  await tab.answer.getByText('The GPU is changing hands').waitFor();
  await tab.answer.getByText(/^Ollama .* → ComfyUI/).waitFor();
  await ollama.set({ faults: { unloadHangs: false } });
  await tab.gpu.getByText('ComfyUI has the GPU').waitFor();
  await tab.answer.getByText(/^Step \d+ of \d+$/).waitFor();
  const preview = tab.answer.getByRole('img', { name: 'Preview of the picture in the making' });
  await preview.waitFor();
  await hurry(scene.stack);

  const small = tab.answer.getByRole('img', { name: `Picture: ${LIGHTHOUSE}` });
  await small.waitFor();
  await eventually(async () => (await tab.widthOf(small)) > 0);
  await tab.gpu.getByText('Ollama has the GPU').waitFor();

  await tab.button('Show the picture in full').click();
  const viewer = tab.page.getByRole('dialog', { name: LIGHTHOUSE });
  const full = viewer.getByRole('img', { name: `Picture: ${LIGHTHOUSE}` });
  await full.waitFor();
  await eventually(async () => (await tab.widthOf(full)) === 512);
  const facts = await viewer.locator('dl').innerText();
  expect(facts).toMatch(/Prompt\s+.*lighthouse/s);
  expect(facts).toMatch(/Seed\s+\d+/);
  expect(facts).toMatch(/Size\s+512 × 512/);

  const [download] = await Promise.all([
    tab.page.waitForEvent('download'),
    viewer.getByRole('link', { name: 'Download' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^baton-\d+\.png$/);
  const picture = await sharp(await download.path()).metadata();
  expect(picture).toMatchObject({ format: 'png', width: 512, height: 512 });
  await tab.page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
});

scenario('who waits is told the place and why; others stay strangers', async (scene) => {
  const [anna, boris] = [await scene.stack.newPerson(), await scene.stack.newPerson()];
  const [drawing, asking] = [await scene.arrive({ as: anna }), await scene.arrive({ as: boris })];
  await (await scene.stack.engine('comfyui')).set({ settings: WATCHABLE });
  await drawing.tab.draw('A secret garden of Anna');
  await drawing.tab.gpu.getByText('ComfyUI has the GPU').waitFor();
  await asking.tab.untilWelcomed();
  await asking.tab.ask('May I ask something?');
  await asking.tab.answer.getByText('Waiting for the GPU, place 1').waitFor();
  await asking.tab.answer.getByText('ComfyUI is at work and will hand the GPU over.').waitFor();
  await asking.tab.gpu.getByText('you are no. 1').waitFor();

  await asking.tab.button(/^GPU details/).click();
  const details = asking.tab.page.getByRole('dialog');
  await details.getByText('Yours').waitFor();
  const queue = details.getByRole('list').first();
  expect((await queue.getByRole('listitem').allInnerTexts()).map((entry) => entry.includes('else'))).toEqual([
    true,
    false,
  ]);
  // Of somebody else's entry there is nothing to open.
  expect(await queue.getByRole('link').count()).toBe(1);
  const seen = await asking.tab.page.locator('body').innerText();
  expect(seen).not.toMatch(/secret garden/i);
  expect(seen).not.toContain(anna.session.user.username);
  await asking.tab.page.keyboard.press('Escape');

  asking.expects(/404/);
  await asking.tab.page.goto(`${scene.stack.url}/chats/${drawing.tab.chatId}`);
  await asking.tab.page.getByRole('alert').getByText('does not exist').waitFor();
  await asking.tab.chats.getByText('May I ask something?').waitFor();
  expect(await asking.tab.chats.getByRole('listitem').count()).toBe(1);

  await hurry(scene.stack);
  await drawing.tab.untilPictured();
});

scenario('logging out in one tab ends the session in the other and leaves no words behind', async (scene) => {
  const visitor = await scene.arrive({ as: await scene.stack.newPerson() });
  const { tab } = visitor;
  await tab.untilWelcomed();
  await lastingReplies(scene.stack);
  await tab.ask('A very private question');
  await tab.untilWriting();
  const other = await visitor.newTab(`/chats/${tab.chatId}`);
  await other.untilWriting();
  await other.button(/^Account and settings/).click();
  await other.page.getByRole('menuitem', { name: 'Log out' }).click();
  for (const each of [other, tab]) {
    await each.page.getByRole('tab', { name: 'Log in' }).waitFor();
    expect(await each.page.content()).not.toContain('private question');
  }
  await tab.page.goBack();
  await tab.page.getByRole('tab', { name: 'Log in' }).waitFor();
  expect(await tab.page.content()).not.toContain('private question');
});
