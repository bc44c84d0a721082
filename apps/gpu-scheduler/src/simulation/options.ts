import { parseArgs } from 'node:util';
import { POLICY_NAMES, type PolicyName } from './campaign.ts';
import { GOAL_SCENARIOS } from './goals.ts';
import { SCENARIOS } from './scenarios.ts';

export const HELP = `npm run simulate -- [options]     who would wait how long: the scheduler's policy beside simpler ones

  --scenario NAMES   some of the scenarios below
  --policy NAMES     some of: ${POLICY_NAMES.join(' ')} (best: of 49 fixed quanta, known only afterwards)
  --seeds N          how many different days (5)
  --first-seed N     the number of the first day (1); other days show whether a result was luck
  --hours N          how long each is, instead of the scenario's own hours
  --set NAME=VALUE   another setting of our policy, as in maxTurnMs.ollama=90000
  --goals            only the scenarios that the goals speak of
  --quick            those, with 2 seeds of 2 hours
  --replay FILE      what was recorded (visits from GET /api/gpu/history, as JSON) under each policy
  --json             print everything as JSON instead of tables
  --help             this text

  Names are separated by commas. Results and the picture are written to .baton/simulate/.

${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(17)}  ${title}`).join('\n')}
`;

export interface SimulateOptions {
  readonly scenarios: readonly string[];
  readonly policies: readonly PolicyName[];
  readonly seeds: number;
  readonly firstSeed: number;
  readonly hours: number | null;
  readonly changes: readonly { readonly path: string; readonly value: string }[];
  readonly replay: string | null;
  readonly isJson: boolean;
}

/** Wrong words on the command line, or a file that cannot be used; the message is for the person who typed them. */
export class UsageError extends Error {}

/** What was asked for, or 'help'. @throws UsageError */
export function readOptions(args: readonly string[]): SimulateOptions | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  const isQuick = values.quick === true;
  const everything = SCENARIOS.map(({ name }) => name);
  return {
    scenarios:
      names(values.scenario, '--scenario', everything) ??
      (isQuick || values.goals === true ? GOAL_SCENARIOS : everything),
    policies: names(values.policy, '--policy', POLICY_NAMES) ?? POLICY_NAMES,
    seeds: count(values.seeds, '--seeds') ?? (isQuick ? 2 : 5),
    firstSeed: count(values['first-seed'], '--first-seed') ?? 1,
    hours: count(values.hours, '--hours') ?? (isQuick ? 2 : null),
    changes: (values.set ?? []).map(change),
    replay: values.replay ?? null,
    isJson: values.json === true,
  };
}

function names<Name extends string>(
  given: readonly string[] | undefined,
  option: string,
  known: readonly Name[],
): Name[] | null {
  if (given === undefined) return null;
  return given
    .flatMap((list) => list.split(','))
    .map((word) => {
      const name = known.find((one) => one === word.trim());
      if (name === undefined) throw new UsageError(`${option}: "${word}" is none of ${known.join(', ')}`);
      return name;
    });
}

function count(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000) {
    throw new UsageError(`${option} takes a whole number from 1 to 1000, not "${text}"`);
  }
  return value;
}

function change(text: string): { path: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set takes NAME=VALUE, not "${text}"`);
  return { path: text.slice(0, at), value: text.slice(at + 1) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string', multiple: true },
        policy: { type: 'string', multiple: true },
        seeds: { type: 'string' },
        'first-seed': { type: 'string' },
        hours: { type: 'string' },
        set: { type: 'string', multiple: true },
        goals: { type: 'boolean' },
        quick: { type: 'boolean' },
        replay: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
