import { afterAll, beforeAll } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { scenarios } from './scenarios.ts';
import type { Stack, StackOptions } from './stack.ts';
import { Visitor } from './visitor.ts';
import type { Arrival } from './visitor.ts';

const LAUNCH_LIMIT_MS = 60_000;
/** A ceiling for slow machines, on which a browser is the slowest of all. */
const SCENARIO_LIMIT_MS = 180_000;

export interface Scene {
  readonly stack: Stack;
  /** Somebody comes to the page with a browser profile of their own. */
  readonly arrive: (how?: Arrival) => Promise<Visitor>;
}

export interface BrowserScenarios {
  /**
   * A test over the stack and a browser. It fails when a page complained of anything that its visitor did not expect;
   * then there are pictures of every tab in the temporary folder.
   */
  scenario(guarantee: string, run: (scene: Scene) => Promise<void>): void;
}

/** One stack and one browser for the tests of a file. */
export function browserScenarios(options: StackOptions = {}): BrowserScenarios {
  const { scenario } = scenarios(options);
  let launched: Browser | null = null;
  beforeAll(async () => {
    const executablePath = process.env['CHROMIUM_PATH'];
    if (executablePath === undefined) throw new Error('Run it through `node tools/jest.mjs --browser`.');
    launched = await chromium.launch({ executablePath });
  }, LAUNCH_LIMIT_MS);
  afterAll(async () => {
    await launched?.close();
  }, LAUNCH_LIMIT_MS);
  return {
    scenario(guarantee, run) {
      scenario(
        guarantee,
        async (stack) => {
          const browser = launched;
          if (browser === null) throw new Error('The browser has not started.');
          const visitors: Visitor[] = [];
          const arrive = async (how: Arrival = {}): Promise<Visitor> => {
            const visitor = await Visitor.arrive(browser, stack.url, how);
            visitors.push(visitor);
            return visitor;
          };
          try {
            await run({ stack, arrive });
            for (const visitor of visitors) visitor.expectNoComplaints();
          } catch (error) {
            await photograph(guarantee, visitors);
            throw error;
          } finally {
            await Promise.all(visitors.map((visitor) => visitor.leave()));
          }
        },
        SCENARIO_LIMIT_MS,
      );
    },
  };
}

async function photograph(guarantee: string, visitors: readonly Visitor[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'baton-browser-'));
  for (const [index, visitor] of visitors.entries()) {
    // A page that hangs or is gone must not hide why the test failed.
    await visitor.photograph(join(folder, `visitor-${index + 1}`)).catch(() => undefined);
  }
  const complaints = visitors.flatMap((visitor) => visitor.complaints).map((line) => `\n  ${line}`);
  process.stderr.write(
    `\nPictures of "${guarantee}": ${folder}\nThe pages said:${complaints.join('') || ' nothing'}\n`,
  );
}
