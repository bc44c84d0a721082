import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { playScenario } from './campaign.ts';
import { plotWaits } from './plot.ts';
import { SCENARIOS } from './scenarios.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

test('the picture is an SVG that can be drawn, with every scenario and policy in it', async () => {
  const reports = SCENARIOS.filter(({ name }) => name === 'A' || name === 'B').map((scenario) =>
    playScenario(scenario, {
      settings: DEFAULT_SETTINGS,
      policies: ['fifo', 'hot-first'],
      seeds: 1,
      firstSeed: 1,
      hours: 1,
    }),
  );
  const svg = await plotWaits(reports);
  const drawn = await sharp(Buffer.from(svg)).metadata();
  expect(drawn.format).toBe('svg');
  expect(drawn.width).toBeGreaterThan(400);
  for (const word of ['>A<', '>B<', '>fifo<', '>hot-first<', '>images<', '>chats<'])
    expect(svg).toContain(word);
});
