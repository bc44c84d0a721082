import { expect } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { accessibilityFaults } from '../testing/accessibility.ts';
import { browserScenarios } from '../testing/browser.ts';
import type { Person } from '../testing/person.ts';
import { hurry, lastingReplies } from '../testing/scenarios.ts';
import type { Stack } from '../testing/stack.ts';
import type { Tab } from '../testing/tab.ts';

// A hand-over lasts until the test has seen it.
const { scenario } = browserScenarios({ env: { SWAP_FREE_TIMEOUT_SECONDS: '60' } });

const LIGHTHOUSE = 'A lighthouse on a cliff at dusk';
/** Of a step for a megapixel, in simulated milliseconds: about one second for a small picture. */
const WATCHABLE = { stepMs: 40_000 };

/** Some seconds for a small picture: long enough to see one of two come before the other. */
const UNHURRIED = { stepMs: 8_000 };

async function fence(
  width: number,
  height: number,
): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const brown = { r: 120, g: 80, b: 40 };
  const buffer = await sharp({ create: { width, height, channels: 3, background: brown } })
    .png()
    .toBuffer();
  return { name: 'fence.png', mimeType: 'image/png', buffer };
}

async function bring(tab: Tab, file: Awaited<ReturnType<typeof fence>>): Promise<void> {
  await tab.page.locator('input[aria-label="Start from a picture"]').setInputFiles(file);
}

/** As if a picture had been copied elsewhere; the clipboard of the machine stays as it is. */
async function paste(tab: Tab, { name, mimeType, buffer }: Awaited<ReturnType<typeof fence>>): Promise<void> {
  const [bytes, file] = [JSON.stringify([...buffer]), JSON.stringify(name)];
  await tab.message.focus();
  await tab.page.evaluate(`(() => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(${bytes})], ${file}, { type: '${mimeType}' }));
    document.activeElement.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  })()`);
}

/** Lets something fall on the composer. */
async function drop(tab: Tab, { name, mimeType, buffer }: Awaited<ReturnType<typeof fence>>): Promise<void> {
  const [bytes, file, type] = [JSON.stringify([...buffer]), JSON.stringify(name), JSON.stringify(mimeType)];
  await tab.page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(${bytes})], ${file}, { type: ${type} }));
    const form = document.querySelector('form');
    for (const type of ['dragover', 'drop']) {
      form.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  })()`);
}

async function pick(tab: Tab, field: string, option: string | RegExp): Promise<void> {
  await tab.page.getByRole('combobox', { name: field }).click();
  await tab.page.getByRole('option', { name: option }).click();
}

/** Pictures that are there when the browser comes. */
async function drawn(stack: Stack, descriptions: readonly string[]): Promise<Person> {
  const person = await stack.newPerson();
  await hurry(stack);
  const chatId = await person.newChat('Drawings');
  for (const description of descriptions) {
    const { reply } = await person.draw(chatId, description);
    await person.follow(reply.id).ended();
  }
  return person;
}

function tiles(tab: Tab): Locator {
  return tab.page.getByRole('list', { name: 'Gallery' }).getByRole('listitem');
}

async function openGallery(tab: Tab): Promise<void> {
  await tab.page.getByRole('link', { name: 'Gallery' }).click();
  await tab.page.getByRole('heading', { name: 'Gallery' }).waitFor();
}

scenario('a picture is asked for, watched being made, looked at and kept', async (scene) => {
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await (await scene.stack.engine('comfyui')).set({ settings: WATCHABLE });
  const ollama = await scene.stack.engine('ollama');
  await ollama.set({ faults: { unloadHangs: true } });
  await tab.draw(LIGHTHOUSE);
  // Who has begun with a picture may want another one.
  await tab.button('Stop').waitFor();
  await tab.page.getByRole('radio', { name: 'Image', checked: true }).waitFor({ state: 'attached' });
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

scenario('a picture is made out of another one, in variants; Stop keeps what is finished', async (scene) => {
  const comfyui = await scene.stack.engine('comfyui');
  const { tab } = await scene.arrive({ as: await scene.stack.newPerson() });
  await tab.untilWelcomed();
  await comfyui.set({ settings: WATCHABLE });
  await tab.choose('Image');
  await bring(tab, await fence(600, 400));
  await tab.page.getByRole('img', { name: 'fence.png' }).waitFor();
  await pick(tab, 'Size', /^Small/);
  await pick(tab, 'Variants', '× 2');
  await tab.page.getByRole('button', { name: 'Settings', exact: true }).click();
  await tab.page.getByRole('textbox', { name: 'Seed' }).fill('7');
  await tab.page.getByRole('textbox', { name: 'Steps' }).fill('200');
  await tab.page.getByText('1 to 100').waitFor();
  await tab.message.fill('Paint the fence white');
  expect(await tab.button('Create image').isDisabled()).toBe(true);
  expect(await accessibilityFaults(tab.page)).toEqual([]);
  await tab.page.getByRole('textbox', { name: 'Steps' }).fill('12');
  await tab.button('Create image').click();
  await tab.answer.getByText('Picture 1 of 2').waitFor();
  await tab.answer.getByText('Step 1 of 12').waitFor();
  await comfyui.set({ settings: UNHURRIED });
  await tab.answer.getByText('Picture 2 of 2').waitFor();
  await comfyui.set({ settings: WATCHABLE });
  const finished = tab.answer.getByRole('img', { name: 'Picture: Paint the fence white' });
  await finished.waitFor();
  await tab.button('Stop').click();
  await tab.answer.getByText('Stopped.').waitFor();
  expect(await finished.count()).toBe(1);

  await finished.click();
  const facts = tab.page.getByRole('dialog').locator('dl');
  await facts.getByRole('img', { name: 'Reference picture' }).waitFor();
  expect(await facts.innerText()).toMatch(/Seed\s+7\s.*Settings \(chosen by you\)\s+steps 12/s);
});

scenario('a finished picture is varied, changed and made again, and used for another one', async (scene) => {
  const person = await drawn(scene.stack, [LIGHTHOUSE]);
  const { tab } = await scene.arrive({ as: person });
  await tab.chats.getByRole('link', { name: 'Drawings' }).click();
  await tab.untilPictured();
  const viewer = tab.page.getByRole('dialog', { name: LIGHTHOUSE });

  await tab.button('Show the picture in full').click();
  await viewer.getByRole('button', { name: 'Vary' }).click();
  await tab.page.getByRole('menuitem', { name: '2 pictures' }).click();
  await viewer.waitFor({ state: 'detached' });
  const variants = tab.answer.getByRole('img', { name: `Picture: ${LIGHTHOUSE}` });
  await eventually(async () => (await variants.count()) === 2, { timeoutMs: 30_000 });
  await tab.untilAnswered();
  const seeds = (await person.messages(tab.chatId)).filter(({ role }) => role === 'assistant');
  const made = (await Promise.all(seeds.map(({ id }) => person.images(id)))).flat();
  expect(new Set(made.map(({ seed }) => seed)).size).toBe(3);
  expect(new Set(made.map(({ prompt }) => prompt)).size).toBe(1);

  await variants.first().click();
  await viewer.getByText('1 of 2').waitFor();
  await tab.page.keyboard.press('ArrowRight');
  await viewer.getByText('2 of 2').waitFor();
  await viewer.getByRole('img', { name: `Picture: ${LIGHTHOUSE}` }).waitFor();
  expect(await accessibilityFaults(tab.page)).toEqual([]);
  // Nothing is offered that no workflow is configured for.
  expect(await viewer.getByRole('button', { name: 'Enlarge' }).count()).toBe(0);

  await viewer.getByRole('button', { name: 'Edit and make again' }).click();
  const last = made.at(-1);
  expect(await tab.message.inputValue()).toBe(last?.prompt);
  expect(await tab.page.getByRole('textbox', { name: 'Seed' }).inputValue()).toBe(String(last?.seed));
  expect(await tab.page.getByRole('checkbox', { name: /^Use my prompt as it is/ }).isChecked()).toBe(true);
  expect(await tab.page.getByRole('textbox', { name: 'Width, pixels' }).inputValue()).toBe('256');

  await variants.first().click();
  await viewer.getByRole('button', { name: 'Use this picture' }).click();
  await tab.page
    .getByRole('group', { name: 'Reference picture' })
    .getByRole('img', { name: 'Reference picture' })
    .waitFor();
  await tab.message.fill('The same in winter');
  await tab.button('Create image').click();
  const winter = tab.answer.getByRole('img', { name: 'Picture: The same in winter' });
  await winter.waitFor();
  await winter.click();
  const facts = tab.page.getByRole('dialog').locator('dl');
  await facts.getByRole('img', { name: 'Reference picture' }).waitFor();
});

scenario('the gallery finds pictures, keeps favourites and deletes', async (scene) => {
  const person = await drawn(scene.stack, [LIGHTHOUSE, 'A bridge in the fog', 'A castle']);
  const visitor = await scene.arrive({ as: person });
  const { tab } = visitor;
  await tab.untilWelcomed();
  await openGallery(tab);
  await eventually(async () => (await tiles(tab).count()) === 3);
  await tab.page.getByText(/ used$/).waitFor();
  await eventually(async () => (await tab.widthOf(tiles(tab).first().locator('img'))) > 0);
  expect(await accessibilityFaults(tab.page)).toEqual([]);

  const search = tab.page.getByRole('searchbox', { name: 'Search by prompt' });
  await search.fill('bridge');
  await eventually(async () => (await tiles(tab).count()) === 1);
  await tiles(tab).hover();
  await tiles(tab).getByRole('button', { name: 'Favourite' }).click();
  await tiles(tab).getByRole('button', { name: 'Favourite', pressed: true }).waitFor();
  await search.fill('elephant');
  await tab.page.getByText('No picture fits').waitFor();
  await tab.button('Clear the search').click();
  await tab.choose('Favourites');
  await eventually(async () => (await tiles(tab).count()) === 1);
  await tab.choose('All');
  await eventually(async () => (await tiles(tab).count()) === 3);

  await tab.button('Select').first().click();
  await tab.page.getByRole('button', { name: /^Select: .*castle/ }).click();
  await tab.page.getByRole('button', { name: /^Select: .*lighthouse/ }).click();
  await tab.page.getByText('Selected: 2').waitFor();
  await tab.button('Delete the selected').click();
  const question = tab.page.getByRole('dialog', { name: 'Delete 2 pictures?' });
  await question.getByRole('button', { name: 'Delete', exact: true }).click();
  await eventually(async () => (await tiles(tab).count()) === 1);

  await tiles(tab)
    .getByRole('button', { name: /^Show the picture in full/ })
    .click();
  await tab.page.getByRole('dialog').getByRole('link', { name: 'Go to the chat' }).click();
  await tab.page.waitForURL(/\/chats\/\d+$/);
  const deleted = tab.page.getByText('This picture was deleted.');
  await eventually(async () => (await deleted.count()) === 2);
  await tab.button('Show the picture in full').click();
  const viewer = tab.page.getByRole('dialog');
  await viewer.getByRole('button', { name: 'Vary' }).waitFor();
  const other = await visitor.newTab(`/chats/${tab.chatId}`);
  const deletedThere = other.page.getByText('This picture was deleted.');
  await eventually(async () => (await deletedThere.count()) === 2);
  await other.button('Show the picture in full').click();
  await other.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await other.page
    .getByRole('dialog', { name: 'Delete 1 picture?' })
    .getByRole('button', { name: 'Delete', exact: true })
    .click();
  await eventually(async () => (await deletedThere.count()) === 3);
  // Here it is still to be seen, until something is wanted of it.
  visitor.expects(/404/);
  await viewer.getByRole('button', { name: 'Favourite' }).click();
  await tab.page.getByText('This image does not exist.').waitFor();
  await viewer.waitFor({ state: 'detached' });
  await eventually(async () => (await deleted.count()) === 3);
  await openGallery(tab);
  await tab.page.getByText('No pictures yet').waitFor();
});

scenario('a picture that is not taken says why, and another one can be pasted', async (scene) => {
  const visitor = await scene.arrive({ as: await scene.stack.newPerson() });
  const { tab } = visitor;
  await tab.untilWelcomed();
  await tab.choose('Image');
  visitor.expects(/422/);
  await bring(tab, { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await tab.page.getByText('“notes.png” was not taken: This file is not a picture').waitFor();
  await bring(tab, await fence(9_000, 16));
  await tab.page.getByText(/“fence.png” was not taken: .* At most \d+ × \d+ pixels are taken\.$/).waitFor();
  const reference = tab.page.getByRole('group', { name: 'Reference picture' });
  expect(await reference.count()).toBe(0);
  await paste(tab, await fence(64, 64));
  await reference.getByRole('img', { name: 'fence.png' }).waitFor();
  await tab.page.getByText('was not taken').waitFor({ state: 'detached' });
  await drop(tab, { name: 'notes.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') });
  await tab.page.getByText('“notes.pdf” was not taken: This file is not a picture').waitFor();
  // The one before it was good, and is there again.
  await reference.getByRole('img', { name: 'fence.png' }).waitFor();
  await tab.button('Without the reference picture').click();
  expect(await reference.count()).toBe(0);
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
