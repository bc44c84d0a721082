/** `npm run simulate`: plays made-up or recorded days under several policies and tells who would wait how long. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { playScenario, type ScenarioReport } from './campaign.ts';
import { judge } from './goals.ts';
import { HELP, UsageError, readOptions, type SimulateOptions } from './options.ts';
import { plotWaits } from './plot.ts';
import { renderReplay } from './replay-report.ts';
import { renderGoals, renderScenario } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { DEFAULT_SETTINGS, changeSettings } from './settings.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const FOLDER = join(ROOT, '.baton', 'simulate');

async function simulate(options: SimulateOptions): Promise<void> {
  const say = (text: string): void => {
    if (!options.isJson) process.stdout.write(`${text}\n`);
  };
  const settings = changeSettings(DEFAULT_SETTINGS, options.changes);
  const scenarios: ScenarioReport[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => options.scenarios.includes(name))) {
    const report = playScenario(scenario, { ...options, settings });
    scenarios.push(report);
    say(renderScenario(report));
  }
  const goals = judge(scenarios);
  if (goals.some(({ holds }) => holds !== null)) say(renderGoals(goals));
  const results = `${JSON.stringify({ scenarios, goals }, null, 2)}\n`;
  mkdirSync(FOLDER, { recursive: true });
  const files = { results: join(FOLDER, 'results.json'), picture: join(FOLDER, 'waits-by-policy.svg') };
  writeFileSync(files.results, results);
  writeFileSync(files.picture, await plotWaits(scenarios));
  if (options.isJson) process.stdout.write(results);
  say(`Written to ${relative(ROOT, files.results)} and ${relative(ROOT, files.picture)}`);
}

/** Only a replay needs the contracts, so only a replay reads them. */
async function replayFile(file: string, options: SimulateOptions): Promise<void> {
  const { readHistoryFile, replay } = await import('./replay.ts');
  const settings = changeSettings(DEFAULT_SETTINGS, options.changes);
  const report = replay(readHistoryFile(file), { settings, policies: options.policies });
  process.stdout.write(options.isJson ? `${JSON.stringify(report, null, 2)}\n` : `${renderReplay(report)}\n`);
}

/** Resolves with the exit code. A goal that was missed is a finding, not a failure. */
async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    if (options.replay === null) await simulate(options);
    else await replayFile(options.replay, options);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main();
