import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { EndEvent, SentMessage } from '@baton/contracts';
import { BatonApi, RefusedError } from './baton-api.ts';
import { renderTimeline } from './timeline-text.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const HELP = `npm run demo -- [options]     a chat, an image and a chat again, with the time that each step took

  --url URL     a running Baton (default: the one that npm start runs in this folder)
  --data DIR    the folder of that one, when it is not .baton
  --help        this text
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Address of the Baton that the launcher runs, from the record that it keeps. */
function findRunning(dataDir: string): string {
  try {
    const record = JSON.parse(readFileSync(join(resolve(ROOT, dataDir), 'run.json'), 'utf8')) as {
      url: string;
    };
    return record.url;
  } catch {
    throw new RefusedError(
      'No Baton runs here. Start one with `npm start` in another terminal, or name one with --url.',
    );
  }
}

/** Follows one message to its end and tells what happened to it. */
async function follow(api: BatonApi, title: string, sent: Promise<SentMessage>): Promise<void> {
  say(`\n${title}`);
  const { reply } = await sent;
  let end: EndEvent | null = null;
  let characters = 0;
  for await (const event of api.events(reply.id)) {
    if (event.type === 'text') characters += event.text.length;
    if (event.type === 'image') say(`  image ${event.image_id}, ${event.width} × ${event.height}`);
    if (event.type === 'end') {
      end = event;
      break;
    }
  }
  if (end === null) throw new RefusedError('The stream of events broke off.');
  if (end.state !== 'done') throw new RefusedError(`${title}: ${end.state}. ${end.say ?? ''}`.trim());
  if (characters > 0) say(`  ${characters} characters of answer`);
  for (const line of renderTimeline(end.timeline)) say(line);
}

async function demo(url: string): Promise<void> {
  say(`Baton at ${url}`);
  const api = new BatonApi(url);
  await api.register(`demo-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  const chatId = await api.createChat('Demo', await api.defaultModel());
  await follow(api, 'A question', api.sendMessage(chatId, 'How do I paint a fence so that it lasts?'));
  await follow(api, 'An image', api.generateImage(chatId, 'A white fence in front of a house, at sunset'));
  await follow(api, 'A question again', api.sendMessage(chatId, 'And which brush do I take?'));
  say('');
}

/** Resolves with the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    say(HELP);
    return 0;
  }
  try {
    await demo((values.url ?? findRunning(values.data ?? '.baton')).replace(/\/+$/, ''));
    return 0;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main();
