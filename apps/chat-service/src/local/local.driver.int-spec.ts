import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock, type Clock } from '@baton/kernel';
import { eventually, writeTinyGguf } from '@baton/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { EngineOutput, EngineRequest } from '../engines/chat-engine.ts';
import { LocalChild } from './local-child.ts';
import type { Order, Report } from './local-wire.ts';
import { LocalDriver, type LocalDriverSettings } from './local.driver.ts';

const STORY = ['Слово', ' за', ' слово', ' tells', ' the', ' story', '.'];
const THOUGHTFUL = ['<think>', 'Let', ' me', ' see', '</think>', '\n\n', 'Готово', '.'];
const PATIENCE = { firstTokenMs: 60_000, stallMs: 60_000 };
const QUESTION: EngineRequest = {
  model: 'tiny',
  messages: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Расскажи a story' },
  ],
  contextLength: 1_024,
  keepAlive: -1,
  temperature: 0,
  topP: null,
  maxTokens: null,
  think: null,
  format: null,
};

const STOPPING_MS = 3_000;
/** The time to stop in passes at once. */
const soonLate: Clock = {
  ...systemClock,
  after: (ms, run) => systemClock.after(ms === STOPPING_MS ? 10 : ms, run),
};

let folder: string;
const files = { short: '', endless: '', thoughtful: '' };
const open: LocalDriver[] = [];
/** Starting a process takes most of a test's time: those that only ask share one for each file. */
const shared = { short: [] as LocalDriver[], endless: [] as LocalDriver[], thoughtful: [] as LocalDriver[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-local-'));
  for (const name of ['short', 'endless', 'thoughtful'] as const) files[name] = join(folder, `${name}.gguf`);
  await writeTinyGguf(files.short, { story: STORY });
  await writeTinyGguf(files.endless, { story: STORY, ends: false, width: 256, layers: 4 });
  await writeTinyGguf(files.thoughtful, { story: THOUGHTFUL });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((driver) => driver.close()));
});

afterAll(async () => {
  await Promise.all(
    Object.values(shared)
      .flat()
      .map((driver) => driver.close()),
  );
  await rm(folder, { recursive: true });
});

function driverOf(file: keyof typeof files): LocalDriver {
  const [driver = newDriver(files[file])] = shared[file];
  shared[file] = [driver];
  open.splice(open.indexOf(driver), open.includes(driver) ? 1 : 0);
  return driver;
}

function newDriver(
  modelPath: string,
  more: Partial<LocalDriverSettings> = {},
  clock: Clock = systemClock,
): LocalDriver {
  const settings = { modelPath, contextLength: 512, threads: 1, sequences: 1, idleMs: 60_000, ...more };
  const driver = new LocalDriver(settings, clock);
  open.push(driver);
  return driver;
}

function doorOf({ signal }: AbortController) {
  return { url: '', headers: {}, signal };
}

function ask(
  driver: LocalDriver,
  more: Partial<EngineRequest> = {},
  door = doorOf(new AbortController()),
  patience = PATIENCE,
) {
  return driver.stream({ ...QUESTION, ...more }, door, patience);
}

async function allOf(answer: AsyncIterable<EngineOutput>) {
  const outputs: EngineOutput[] = [];
  for await (const output of answer) outputs.push(output);
  const of = (type: 'text' | 'thinking'): string =>
    outputs.map((output) => (output.type === type ? output.text : '')).join('');
  const end = outputs.at(-1);
  if (end?.type !== 'end') throw new Error('the last output is no end');
  return { text: of('text'), thinking: of('thinking'), pieces: outputs.length - 1, end };
}

/** The process stands still in the middle of whatever it does. */
function hold({ pid = 0 }: LocalDriver): number {
  process.kill(pid, 'SIGSTOP');
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('an answer by the CPU', () => {
  test('comes piece by piece, is counted, and is the same again at temperature 0', async () => {
    const driver = driverOf('short');
    const first = await allOf(ask(driver));
    expect(first.text).toBe(STORY.join(''));
    expect(first.pieces).toBe(STORY.length);
    expect(first.end.reason).toBe('stop');
    expect(first.end.usage.completion_tokens).toBeGreaterThanOrEqual(STORY.length);
    expect(first.end.usage.prompt_tokens).toBeGreaterThan(40);
    expect(first.end.timings.load_ms).toBeGreaterThan(0);
    const again = await allOf(ask(driver));
    expect(again.text).toBe(first.text);
    expect(again.end.usage.prompt_tokens).toBe(first.end.usage.prompt_tokens);
    // It was loaded already.
    expect(again.end.timings.load_ms).toBeNull();
  });

  test('ends with `length` at max_tokens, and at the end of the context', async () => {
    const driver = driverOf('endless');
    const cut = await allOf(ask(driver, { maxTokens: 5 }));
    expect(cut.end).toMatchObject({ reason: 'length', usage: { completion_tokens: 5 } });
    const full = await allOf(ask(driver));
    expect(full.end.reason).toBe('length');
    const { prompt_tokens: prompt, completion_tokens: completion } = full.end.usage;
    expect(prompt + completion).toBeLessThanOrEqual(512);
    expect(prompt + completion).toBeGreaterThan(480);
  });

  test('keeps thoughts apart, and has none when they are switched off', async () => {
    const driver = driverOf('thoughtful');
    const thought = await allOf(ask(driver, { think: true }));
    expect(thought).toMatchObject({ thinking: 'Let me see', text: 'Готово.' });
    const quiet = await allOf(ask(driver, { think: false }));
    expect(quiet).toMatchObject({ thinking: '', text: 'Готово.' });
  });

  test('follows a JSON schema, and refuses one that it cannot follow', async () => {
    const driver = driverOf('short');
    const format = {
      type: 'object',
      properties: { done: { type: 'boolean' }, level: { enum: [1, 2] } },
      required: ['done', 'level'],
    };
    const { text } = await allOf(ask(driver, { format }));
    const answer = JSON.parse(text) as { done: unknown; level: unknown };
    expect(typeof answer.done).toBe('boolean');
    expect([1, 2]).toContain(answer.level);
    await expect(allOf(ask(driver, { format: { type: 'nonsense' } }))).rejects.toMatchObject({
      code: 'engine.rejected',
    });
    expect((await allOf(ask(driver))).text).toBe(STORY.join(''));
  });

  test('of a chat too long for the context leaves out the oldest, and refuses a question that is too long', async () => {
    const driver = driverOf('short');
    const turn = (text: string) => [
      { role: 'user' as const, content: text },
      { role: 'assistant' as const, content: 'Yes.' },
    ];
    const messages = [
      ...Array.from({ length: 20 }, () => turn('x'.repeat(100))).flat(),
      ...QUESTION.messages,
    ];
    const { text, end } = await allOf(ask(driver, { messages }));
    expect(text).toBe(STORY.join(''));
    expect(end.usage.prompt_tokens).toBeLessThan(400);
    expect(end.usage.prompt_tokens).toBeGreaterThan(250);
    const tooLong = [{ role: 'user' as const, content: 'x'.repeat(600) }];
    await expect(allOf(ask(driver, { messages: tooLong }))).rejects.toMatchObject({ code: 'chat.too_long' });
  });

  test('with a picture is refused: llama.cpp sees none here', async () => {
    const messages = [{ role: 'user' as const, content: 'What is it?', images: ['aGVsbG8='] }];
    await expect(allOf(ask(driverOf('short'), { messages }))).rejects.toMatchObject({
      code: 'model.no_vision',
    });
  });

  test('stops in its middle when it is told to, and the next one finds the model free', async () => {
    const driver = driverOf('endless');
    const stop = new AbortController();
    const door = doorOf(stop);
    const reason = new Error('not wanted any more');
    let pieces = 0;
    const stopped = (async () => {
      for await (const output of ask(driver, {}, door)) {
        expect(output.type).toBe('text');
        pieces += 1;
        if (pieces === 3) stop.abort(reason);
      }
    })();
    await expect(stopped).rejects.toBe(reason);
    expect(pieces).toBe(3);
    await driver.quiet(door);
    // With one sequence this would fail while the first still computes.
    expect((await allOf(ask(driver, { maxTokens: 5 }))).pieces).toBe(5);
  });

  test('that nobody reads to its end stops as well', async () => {
    const driver = driverOf('endless');
    const door = doorOf(new AbortController());
    for await (const output of ask(driver, {}, door)) if (output.type === 'text') break;
    await driver.quiet(door);
    expect((await allOf(ask(driver, { maxTokens: 5 }))).pieces).toBe(5);
  });
});

describe('the process of the CPU engine', () => {
  test('that is killed fails its answers only; what had come stands, and the next question starts another', async () => {
    const driver = newDriver(files.endless);
    let text = '';
    const lost = (async () => {
      for await (const output of ask(driver)) {
        if (output.type !== 'text') continue;
        if (text === '' && driver.pid !== undefined) process.kill(driver.pid, 'SIGKILL');
        text += output.text;
      }
    })();
    const { pid } = driver;
    await expect(lost).rejects.toMatchObject({ code: 'engine.failed' });
    expect(text).toMatch(/^Слово/);
    expect(driver.loadedBytes).toBeNull();
    expect((await allOf(ask(driver, { maxTokens: 5 }))).pieces).toBe(5);
    expect(driver.pid).not.toBe(pid);
  });

  test('that does not stop is ended; whoever pressed Stop does not wait for that', async () => {
    const driver = newDriver(files.endless, {}, soonLate);
    const stop = new AbortController();
    const door = doorOf(stop);
    const answer = ask(driver, {}, door);
    await answer.next();
    const pid = hold(driver);
    stop.abort(new Error('not wanted any more'));
    await expect(answer.next()).rejects.toBe(stop.signal.reason);
    await driver.quiet(door);
    expect(isAlive(pid)).toBe(false);
    expect((await allOf(ask(driver, { maxTokens: 5 }))).pieces).toBe(5);
  });

  test('that does not stop is left alone while it answers somebody else', async () => {
    let checks = 0;
    const driver = newDriver(
      files.endless,
      { sequences: 2 },
      {
        ...soonLate,
        after: (ms, run) =>
          soonLate.after(ms, () => {
            if (ms === STOPPING_MS) checks += 1;
            run();
          }),
      },
    );
    const stop = new AbortController();
    const door = doorOf(stop);
    const [left, kept] = [ask(driver, {}, door), ask(driver, { maxTokens: 300 })];
    await Promise.all([left.next(), kept.next()]);
    const pid = hold(driver);
    stop.abort(new Error('not wanted any more'));
    await expect(left.next()).rejects.toBe(stop.signal.reason);
    await eventually(() => checks >= 3);
    process.kill(pid, 'SIGCONT');
    await driver.quiet(door);
    expect((await allOf(kept)).end.reason).toBe('length');
    expect(driver.pid).toBe(pid);
  });

  test('that cannot load in time is ended, and the next question starts another', async () => {
    const driver = newDriver(files.short);
    const answer = allOf(ask(driver, {}, doorOf(new AbortController()), { ...PATIENCE, firstTokenMs: 1 }));
    const refused = expect(answer).rejects.toMatchObject({ code: 'engine.stalled' });
    const { pid = 0 } = driver;
    await refused;
    await eventually(() => !isAlive(pid));
    expect((await allOf(ask(driver))).text).toBe(STORY.join(''));
  });

  test('ends when it has not been asked for a while, and gives its memory back', async () => {
    const driver = newDriver(files.short, { idleMs: 50 });
    await allOf(ask(driver));
    const { pid } = driver;
    expect(driver.loadedBytes).toBeGreaterThan(1_000_000);
    await eventually(() => pid !== undefined && !isAlive(pid));
    expect(driver.loadedBytes).toBeNull();
    expect((await allOf(ask(driver))).text).toBe(STORY.join(''));
  });

  test('is not ended while somebody uses it; without users it can be ended at once', async () => {
    const driver = newDriver(files.endless, { idleMs: 1 });
    const answer = ask(driver, { maxTokens: 50 });
    await answer.next();
    expect(await driver.unload()).toBe(false);
    expect((await allOf(answer)).end.reason).toBe('length');
    expect(await driver.unload()).toBe(true);
    expect(driver.loadedBytes).toBeNull();
  });

  test('ends with chat-service, also when that is killed', async () => {
    const url = pathToFileURL(join(import.meta.dirname, 'local-child.ts')).href;
    const settings = JSON.stringify({ modelPath: files.short, contextLength: 512, threads: 1, sequences: 1 });
    const program =
      `import { LocalChild } from '${url}'; const child = new LocalChild(); await child.load(${settings});` +
      'process.stdout.write(String(child.pid)); setInterval(() => undefined, 1_000);';
    const parent = spawn(
      process.execPath,
      [
        '--conditions=@baton/source',
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        program,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(printed);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await eventually(() => !isAlive(pid));
  });

  test.each([
    ['is not there', (path: string) => Promise.resolve(path)],
    ['is no model', (path: string) => writeFile(path, 'not a model at all'.repeat(100))],
    [
      'was cut off',
      async (path: string) => {
        await writeTinyGguf(path, { story: STORY });
        await truncate(path, Math.floor((await stat(path)).size / 2));
      },
    ],
  ])('says that it did not start when the file %s', async (name, prepare) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.gguf`);
    await prepare(path);
    const driver = newDriver(path);
    const refused: unknown = await allOf(ask(driver)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'engine.start_failed', details: { trouble: 'bad_file' } });
    const { cause } = refused as Error;
    expect(String(cause)).not.toContain(folder);
  });

  test('whose package was not installed says so, and chat-service goes on', async () => {
    // As on a machine without it: the name is not found.
    const hooks =
      "import { registerHooks } from 'node:module'; registerHooks({ resolve: (name, context, next) => {" +
      " if (name === 'node-llama-cpp') throw new Error('Cannot find package'); return next(name, context); } });";
    const child = fork(join(import.meta.dirname, 'child.ts'), [], {
      execArgv: [
        '--conditions=@baton/source',
        '--disable-warning=ExperimentalWarning',
        `--import=data:text/javascript,${encodeURIComponent(hooks)}`,
      ],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const order: Order = { type: 'probe', modelPath: files.short };
    child.send(order);
    const [report] = (await once(child, 'message')) as [Report];
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    expect(report).toMatchObject({ type: 'trouble', trouble: 'not_installed' });
  });

  test('reads what a file holds without loading it', async () => {
    const child = new LocalChild();
    try {
      const facts = await child.probe(files.thoughtful);
      expect(facts).toMatchObject({ quantization: 'ALL_F32', contextLength: 4_096, thinks: true });
      expect(facts.parameters).toBeGreaterThan(10_000);
    } finally {
      await child.end();
    }
  });
});
