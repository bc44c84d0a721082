import { describe, expect, test } from '@jest/globals';
import { runStage } from './stages.ts';
import type { Runner } from './stages.ts';
import { tallyOf } from './tally.ts';

function watched() {
  const seen: string[] = [];
  return {
    seen,
    say: (text: string) => void seen.push(`[${text}]`),
    write: (text: string | Uint8Array) => void seen.push(String(text)),
    isInterrupted: () => false,
  };
}

/** A runner that ends when the test lets it. */
function held(name: string) {
  const end = Promise.withResolvers<null>();
  const begun = Promise.withResolvers<null>();
  const runner: Runner = {
    name,
    run: async (listener) => {
      listener?.(`${name} begins`);
      begun.resolve(null);
      await end.promise;
      listener?.(`${name} ends`);
      return tallyOf(true);
    },
  };
  return { runner, begun: begun.promise, end: () => end.resolve(null) };
}

describe('a stage', () => {
  test('runs its lanes beside each other, and shows the words of each runner together', async () => {
    const [lint, types] = [held('lint'), held('types')];
    const watching = watched();
    const results = runStage([[lint.runner], [types.runner]], watching);
    await Promise.all([lint.begun, types.begun]);
    expect(watching.seen).toEqual([]);
    types.end();
    lint.end();
    expect((await results).map(({ name }) => name)).toEqual(['lint', 'types']);
    const words = watching.seen.join(' ');
    expect(words).toContain('[lint] lint begins lint ends');
    expect(words).toContain('[types] types begins types ends');
  });

  test('of one lane runs one after the other, and names each before it begins', async () => {
    const [unit, system] = [held('unit'), held('system')];
    const watching = watched();
    const results = runStage([[unit.runner, system.runner]], watching);
    await unit.begun;
    expect(watching.seen).toEqual(['[unit]']);
    unit.end();
    await system.begun;
    expect(watching.seen).toEqual(['[unit]', '[system]']);
    system.end();
    expect(await results).toHaveLength(2);
  });

  test('begins nothing more after an interruption', async () => {
    const unit = held('unit');
    let isInterrupted = false;
    const watching = { ...watched(), isInterrupted: () => isInterrupted };
    const results = runStage([[unit.runner, held('system').runner]], watching);
    isInterrupted = true;
    unit.end();
    expect((await results).map(({ name }) => name)).toEqual(['unit']);
  });

  test('counts a runner that cannot run as a failure, and hears the lanes beside it to their end', async () => {
    const types = held('types');
    types.end();
    const broken: Runner = { name: 'lint', run: () => Promise.reject(new Error('no such program')) };
    const watching = watched();
    const results = await runStage([[broken], [types.runner]], watching);
    expect(results).toMatchObject([
      { name: 'lint', passed: 0, failed: 1 },
      { name: 'types', passed: 1, failed: 0 },
    ]);
    expect(watching.seen.join(' ')).toContain('[lint] Error: no such program');
  });
});
