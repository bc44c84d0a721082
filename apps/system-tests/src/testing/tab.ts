import type { Locator, Page } from 'playwright-core';
import { z } from 'zod';
import { PASSWORD } from './person.ts';

/** What somebody does in one tab and what they find there, by the words and roles on the page. */
export class Tab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get message(): Locator {
    return this.page.getByRole('textbox', { name: 'Your message' });
  }

  /** The newest answer. */
  get answer(): Locator {
    return this.page.getByRole('main').getByRole('article').last();
  }

  /** Answers that are being made. */
  get busy(): Locator {
    return this.page.locator('article[aria-busy=true]');
  }

  get gpu(): Locator {
    return this.page.getByRole('region', { name: 'GPU status' });
  }

  get chats(): Locator {
    return this.page.getByRole('navigation', { name: 'Chats' });
  }

  /** Opens and closes the list of chats where there is no room for it. */
  get menu(): Locator {
    return this.button('Show or hide the list of chats');
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  async register(username: string): Promise<void> {
    await this.page.getByRole('tab', { name: 'Create account' }).click();
    await this.page.getByLabel('User name').fill(username);
    await this.page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
    await this.button('Create account').click();
    await this.untilWelcomed();
  }

  /** The page without a chat is there, and the GPU has been heard of. */
  async untilWelcomed(): Promise<void> {
    await this.page.getByRole('heading', { name: /^What shall we work on/ }).waitFor();
    await this.gpu.getByRole('button', { name: /^GPU details/ }).waitFor();
  }

  async ask(text: string): Promise<void> {
    await this.message.fill(text);
    // Before the models are known nothing can be sent.
    await this.page.locator('form button[type=submit]:enabled').waitFor();
    await this.message.press('Enter');
    await this.page.waitForURL(/\/chats\/\d+$/);
  }

  async draw(description: string): Promise<void> {
    await this.choose('Image');
    await this.page.getByRole('combobox', { name: 'Size' }).click();
    await this.page.getByRole('option', { name: /^Small/ }).click();
    await this.message.fill(description);
    await this.button('Create image').click();
    await this.page.waitForURL(/\/chats\/\d+$/);
  }

  /** One of a row of choices, of which a mouse meets the label. */
  async choose(label: string): Promise<void> {
    const choice = this.page.locator('label').filter({ hasText: new RegExp(`^${label}$`) });
    await choice.click();
  }

  async untilWriting(): Promise<void> {
    await this.busy.locator('p, h2, h3').first().waitFor();
  }

  async untilAnswered(): Promise<void> {
    await this.answer.and(this.page.locator('[aria-busy=false]')).waitFor();
  }

  async untilPictured(): Promise<void> {
    await this.answer.getByRole('img').waitFor();
    await this.untilAnswered();
  }

  /** Width of a shown picture in its own pixels; 0 while its bytes are not there. */
  async widthOf(picture: Locator): Promise<number> {
    return z
      .number()
      .parse(await picture.evaluate((image: unknown) => (image as { naturalWidth: unknown }).naturalWidth));
  }

  /** Of the open chat. */
  get chatId(): number {
    return Number(/\/chats\/(\d+)$/.exec(this.page.url())?.[1]);
  }
}
