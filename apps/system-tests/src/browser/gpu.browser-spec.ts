import { expect } from '@jest/globals';
import { accessibilityFaults } from '../testing/accessibility.ts';
import { browserScenarios } from '../testing/browser.ts';
import { hurry } from '../testing/scenarios.ts';

// The GPU stays where it was handed to until the test has seen it.
const { scenario } = browserScenarios({ env: { GPU_RESTORE_DELAY_MS: '120000' } });

scenario('an administrator finds the visit of a picture and hands the GPU over', async (scene) => {
  // The first account of an installation is its administrator.
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await hurry(scene.stack);
  await tab.draw('A white fence at sunset');
  await tab.untilPictured();
  await tab.button(/^Account and settings/).click();
  await tab.page.getByRole('menuitem', { name: 'GPU' }).click();

  const visits = tab.page.getByRole('list', { name: 'Visits' });
  const drawn = visits.getByRole('listitem').filter({ hasText: 'ComfyUI' }).first();
  await drawn.getByRole('button').click();
  await drawn.getByRole('row', { name: /^Picture\s*you .*completed$/ }).waitFor();
  await drawn.getByText('checking the card').waitFor();
  expect(await drawn.innerText()).toMatch(/[\d.]+ GiB → [\d.]+ GiB/);
  await tab.page.getByRole('img', { name: /^Memory in use over the last/ }).waitFor();
  for (const colorScheme of ['dark', 'light'] as const) {
    await tab.page.emulateMedia({ colorScheme });
    await tab.page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    expect([colorScheme, await accessibilityFaults(tab.page)]).toEqual([colorScheme, []]);
  }

  await tab.choose('Ollama');
  await tab.button('Hand over').click();
  await tab.gpu.getByText('Ollama has the GPU').waitFor();
  const newest = visits.getByRole('listitem').first();
  await newest.getByText('by hand').waitFor();
  expect(await newest.innerText()).toContain('Ollama');

  await tab.choose('ComfyUI');
  await tab.choose('Now');
  await tab.button('Hand over').click();
  const question = tab.page.getByRole('dialog', { name: 'Hand the GPU to ComfyUI now?' });
  await question.getByText('Nothing is running now, so nothing is interrupted.').waitFor();
  await question.getByRole('button', { name: 'Hand over' }).click();
  await tab.gpu.getByText('ComfyUI has the GPU').waitFor();
});

scenario('whoever is no administrator has no such screen and is told so', async (scene) => {
  // Whichever test ran before, the first account is taken then.
  await scene.stack.newPerson();
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await tab.button(/^Account and settings/).click();
  await tab.page.getByRole('menuitem', { name: 'Log out' }).waitFor();
  expect(await tab.page.getByRole('menuitem', { name: 'GPU' }).count()).toBe(0);
  await tab.page.goto(`${scene.stack.url}/gpu`);
  await tab.page.getByText('This page is for administrators.').waitFor();
  expect(await tab.button('Hand over').count()).toBe(0);
  await tab.page.getByRole('link', { name: 'To the chats' }).click();
  await tab.untilWelcomed();
});
