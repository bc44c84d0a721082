import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SHORT_CELLS, cellName } from './campaign/cells.ts';
import { seedOfRun } from './campaign/random.ts';
import { isClean } from './campaign/result.ts';
import type { RunResult } from './campaign/result.ts';
import { runCell } from './campaign/run.ts';
import { Stage } from './campaign/stage.ts';
import { describeFailure, renderCampaign } from './campaign/table.ts';

/** Always the same here; the long form, `npm run campaign`, takes a new one each time. */
const SEED = 20_261_121;
const STAGE_LIMIT_MS = 180_000;
const RUN_LIMIT_MS = 150_000;

let stage: Stage;
const results: RunResult[] = [];

beforeAll(async () => {
  stage = await Stage.open();
}, STAGE_LIMIT_MS);

afterAll(async () => {
  process.stderr.write(renderCampaign(results));
  await stage.close();
}, STAGE_LIMIT_MS);

for (const [at, cell] of SHORT_CELLS.entries()) {
  test(
    `with two schedulers, ${cellName(cell)} loses nothing, doubles nothing, and never loads two engines`,
    async () => {
      const result = await runCell({ stage, cell, seed: seedOfRun(SEED, at), pace: 'short' });
      results.push(result);
      if (!isClean(result)) throw new Error(describeFailure(result).join('\n'));
      expect(result).toMatchObject({ reached: true, overlaps: 0, lost: [], doubles: [] });
    },
    RUN_LIMIT_MS,
  );
}
