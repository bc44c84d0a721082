import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const results = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullish(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
});

const BAD = new Set(['serious', 'critical']);

/**
 * What axe-core calls serious or critical on the page as it is now, one line for each place. It comes in through the
 * debugger, which the page's content security policy does not concern.
 */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = results.parse(await page.evaluate("axe.run({ resultTypes: ['violations'] })"));
  return violations
    .filter(({ impact }) => BAD.has(impact ?? ''))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
}
