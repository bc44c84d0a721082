import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [figure ...] [options]      measures a Baton of its own, with simulated engines

  first-token    what Baton adds to the time to the first token
  idle-memory    what the services hold when they have nothing to do
  policy         who waits how long under the scheduler's policy and under simpler ones (simulated, exact)

  Without a name all of them, one after the other. The results are printed and written to .baton/bench/.

  --quick        fewer rounds: to see that it works, not to judge by
  --help         this text
`;

export interface BenchOptions {
  /** Names of figures; empty for all. */
  readonly figures: readonly string[];
  readonly pace: 'full' | 'quick';
}

/** Wrong words on the command line; the message is for the person who typed them. */
export class UsageError extends Error {}

/** What was asked for, or 'help'. @throws UsageError */
export function readOptions(args: readonly string[], known: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help === true) return 'help';
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`There is no figure "${unknown}". Known: ${known.join(', ')}`);
  return { figures: positionals, pace: values.quick === true ? 'quick' : 'full' };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
