import { z } from 'zod';
import { CardOutOfMemory } from '../card/ledger.ts';
import { SimulatedClock } from '../clock.ts';
import { loadOnto, loadPlan } from './runner.ts';
import type { ChildReport } from './runner.ts';

/**
 * The child process of one loaded model, started by `startChild` with the card's address and a load plan. It holds
 * the model's memory until it is killed; that its parent has gone does not end it.
 */
process.title = 'llama-server';

const [card, planText] = process.argv.slice(2);
if (card === undefined || planText === undefined) throw new Error('llama-server needs a card and a plan');
const plan = loadPlan.parse(JSON.parse(planText));

const clock = new SimulatedClock();
clock.speed = plan.speed;

function report(message: ChildReport): void {
  if (process.connected) process.send?.(message);
}

try {
  const { client, vramBytes } = await loadOnto(card, plan, { clock, signal: new AbortController().signal });
  const wish = z.object({ work: z.enum(['busy', 'idle']) });
  process.on('message', (message) => void client.work(wish.parse(message).work).catch(() => undefined));
  report({ is: 'loaded', vramBytes });
  await client.lost;
} catch (cause) {
  if (cause instanceof CardOutOfMemory) {
    report({ is: 'outOfMemory', wantedBytes: cause.wantedBytes, freeBytes: cause.freeBytes });
  } else {
    report({ is: 'failed', message: cause instanceof Error ? cause.message : String(cause) });
  }
}
if (process.connected) process.disconnect();
