import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { PASSWORD } from './person.ts';
import type { Person } from './person.ts';
import { Tab } from './tab.ts';

export const DESKTOP = { width: 1280, height: 860 } as const;
const STEP_TIMEOUT_MS = 30_000;

export interface Arrival {
  /** Whose session the browser has already; otherwise nobody is logged in. */
  readonly as?: Person;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** The first look for a session finds none. */
function isFirstRefresh(message: ConsoleMessage): boolean {
  return message.location().url.endsWith('/api/auth/refresh') && message.text().includes('401');
}

/** The render ended between the word of a preview and the request for it: the finished picture is there instead. */
function isLatePreview(message: ConsoleMessage): boolean {
  return /\/api\/images\/preview\/\d+$/.test(message.location().url) && message.text().includes('404');
}

/** Somebody in front of a browser with a profile of their own; every tab is listened to. */
export class Visitor {
  /** Errors of the console and of scripts, violations of the content security policy, crashes. */
  readonly complaints: string[] = [];
  readonly tab: Tab;
  readonly #context: BrowserContext;
  readonly #url: string;
  readonly #expected: RegExp[] = [];

  private constructor(context: BrowserContext, url: string, page: Page) {
    this.#context = context;
    this.#url = url;
    this.tab = new Tab(page);
    this.#listen(page);
  }

  static async arrive(
    browser: Browser,
    url: string,
    { as, viewport = DESKTOP, colorScheme = 'light' }: Arrival,
  ): Promise<Visitor> {
    const context = await browser.newContext({
      viewport,
      colorScheme,
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    if (as !== undefined) {
      // The answer's cookie stays in the profile, as after a visit yesterday.
      const { username } = as.session.user;
      const answer = await context.request.post(`${url}/api/auth/login`, {
        data: { username, password: PASSWORD },
      });
      if (!answer.ok()) throw new Error(`log-in answered ${answer.status()}`);
    }
    const visitor = new Visitor(context, url, await context.newPage());
    await visitor.tab.page.goto(url);
    return visitor;
  }

  /** Complaints like this one belong to what the test does. */
  expects(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  async newTab(path = '/'): Promise<Tab> {
    const page = await this.#context.newPage();
    this.#listen(page);
    await page.goto(this.#url + path);
    return new Tab(page);
  }

  expectNoComplaints(): void {
    if (this.complaints.length > 0) throw new Error(`The page complained:\n${this.complaints.join('\n')}`);
  }

  async photograph(prefix: string): Promise<void> {
    for (const [index, page] of this.#context.pages().entries()) {
      await page.screenshot({ path: `${prefix}-tab-${index + 1}.png` });
    }
  }

  async leave(): Promise<void> {
    await this.#context.close();
  }

  #listen(page: Page): void {
    page.on('console', (message) => {
      if (message.type() === 'error' && !isFirstRefresh(message) && !isLatePreview(message)) {
        this.#complain(`console: ${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => this.#complain(`script: ${error.stack ?? error.message}`));
    page.on('crash', () => this.#complain('the page crashed'));
  }

  #complain(text: string): void {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }
}
