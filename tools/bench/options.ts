import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [figure ...] [options]      measures a Baton of its own, with simulated engines

  idle-memory      what the services hold when they have nothing to do
  first-token      what Baton adds to the time to the first token
  token-delay      what it adds to each token of 200 streams
  streams          500 and 1,000 replies at once: delivery, and processor time per token
  resume           back to a reply of 4,000 tokens: when the first missed one is there
  durability       what the reply log costs an answer
  chat-list        how soon a page of 10,000 chats, or of a chat with 5,000 messages, is there
  grant            from asking for the GPU to holding it
  grant-rate       leases per second
  fail-over        kill -9 of the leading scheduler, again and again
  redis-restart    Redis goes away for a while, again and again
  swap             the GPU changes hands: what that costs over what memory and engines need
  claim-growth     what a decision costs with 10 and with 100,000 waiting
  cancel           from Stop to the end of it
  render-overhead  what Baton adds to a render
  image-memory     what image-service holds while large pictures pass
  policy           who waits how long under the scheduler's policy and under simpler ones (simulated, exact)

  Without a name all of them, one after the other. The results are printed and written to .baton/bench/.

  --quick        fewer rounds: to see that it works, not to judge by
  --kills N      how often fail-over kills (default 1000, quick 20)
  --streams N    how many replies at once in token-delay (default 200) and streams
  --list         the figures, with their titles
  --help         this text
`;

export interface BenchOptions {
  /** Names of figures; empty for all. */
  readonly figures: readonly string[];
  readonly pace: 'full' | 'quick';
  /** Null: what the pace says. */
  readonly kills: number | null;
  /** Null: what the pace says. */
  readonly streams: number | null;
}

/** Wrong words on the command line; the message is for the person who typed them. */
export class UsageError extends Error {}

/** What was asked for. @throws UsageError */
export function readOptions(
  args: readonly string[],
  known: readonly string[],
): BenchOptions | 'help' | 'list' {
  const { values, positionals } = parse(args);
  if (values.help === true) return 'help';
  if (values.list === true) return 'list';
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`There is no figure "${unknown}". Known: ${known.join(', ')}`);
  const pace = values.quick === true ? 'quick' : 'full';
  const count = (name: 'kills' | 'streams'): number | null =>
    values[name] === undefined ? null : readCount(name, values[name]);
  return { figures: positionals, pace, kills: count('kills'), streams: count('streams') };
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UsageError(`--${name} must be a whole number from 1 on, not "${text}".`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        kills: { type: 'string' },
        streams: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
