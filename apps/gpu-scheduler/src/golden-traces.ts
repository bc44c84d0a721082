/**
 * Records the golden traces of the scheduler's core anew, after its policy was changed on purpose:
 *
 *   node --conditions=@baton/source apps/gpu-scheduler/src/golden-traces.ts
 *
 * What changed in them is part of what the change does, and belongs into its review.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { World } from './core/proof/world.ts';
import { IMAGES, LLAMA, QWEN, SETTINGS } from './core/testing.ts';

const FOLDER = join(import.meta.dirname, 'core', 'golden');
const LANES = [LLAMA, LLAMA, QWEN, LLAMA, IMAGES];

function world(seed: number, losses: number): World {
  const settings = { ...SETTINGS, ollamaSlots: 2 };
  return new World({
    seed,
    settings,
    owner: LLAMA,
    losses,
    swapMs: { least: 2_000, most: 9_000 },
    isRecorded: true,
  });
}

function write(name: string, { trace }: World): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, name), trace.map((line) => `${JSON.stringify(line)}\n`).join(''));
  process.stdout.write(`${name}: ${trace.length} lines\n`);
}

/** People come and go, somebody stops, somebody switches by hand. */
function aDay(): World {
  const day = world(1, 0);
  for (let n = 0; n < 25; n += 1) {
    day.submit(LANES[n % LANES.length] ?? LLAMA, n % 4, 2_000 + (n % 7) * 1_500);
    if (n === 9) day.cancel(3);
    if (n === 17) day.order(QWEN, false);
    day.agenda.runUntil(day.nowMs + (n % 6) * 2_500);
  }
  day.settle(1_800_000);
  return day;
}

/** A flood of images by one person, while others chat; the leader dies, the node starts anew, a holder crashes. */
function aBadDay(): World {
  const day = world(2, 0.1);
  for (let n = 0; n < 12; n += 1) day.submit(IMAGES, 1, 9_000);
  for (let n = 0; n < 14; n += 1) {
    day.submit(n % 3 === 0 ? QWEN : LLAMA, 2 + (n % 5), 4_000);
    if (n === 4) day.crashHolder(0);
    if (n === 6) day.changeLeader();
    if (n === 9) day.node.restart();
    if (n === 11) day.order(LLAMA, true);
    day.agenda.runUntil(day.nowMs + 5_000);
  }
  day.settle(1_800_000);
  return day;
}

write('a-day.jsonl', aDay());
write('a-bad-day.jsonl', aBadDay());
