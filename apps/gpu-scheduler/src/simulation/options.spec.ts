import { expect, test } from '@jest/globals';
import { HELP, readOptions } from './options.ts';
import { SCENARIOS } from './scenarios.ts';
import { DEFAULT_SETTINGS, changeSettings } from './settings.ts';

test('without options: every scenario and policy, 5 seeds of their own hours', () => {
  expect(readOptions([])).toMatchObject({ seeds: 5, hours: null, replay: null, isJson: false });
  expect(readOptions([])).toMatchObject({ scenarios: SCENARIOS.map(({ name }) => name) });
});

test('names are taken apart at commas and may come several times', () => {
  const options = readOptions(['--scenario', 'A,C', '--scenario', 'batch', '--policy', 'ours,best']);
  expect(options).toMatchObject({ scenarios: ['A', 'C', 'batch'], policies: ['ours', 'best'] });
});

test.each([
  [['--scenario', 'Z'], '--scenario: "Z" is none of A, B, C'],
  [['--policy', 'lifo'], '--policy: "lifo" is none of fifo, strict'],
  [['--seeds', 'many'], '--seeds takes a whole number from 1 to 1000, not "many"'],
  [['--hours', '0'], '--hours takes a whole number from 1 to 1000, not "0"'],
  [['--set', 'nonsense'], '--set takes NAME=VALUE, not "nonsense"'],
  [['--colour'], '--colour'],
])('%j is refused with what is wrong', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test('--help is an answer, and names every scenario', () => {
  expect(readOptions(['--help'])).toBe('help');
  for (const { name } of SCENARIOS) expect(HELP).toContain(name);
});

test('--set reaches every setting of the policy, and no other', () => {
  const changed = changeSettings(DEFAULT_SETTINGS, [
    { path: 'maxTurnMs.ollama', value: '90000' },
    { path: 'restoreHome', value: 'false' },
  ]);
  expect(changed.maxTurnMs).toEqual({ ...DEFAULT_SETTINGS.maxTurnMs, ollama: 90_000 });
  expect(changed.restoreHome).toBe(false);
  expect(() => changeSettings(DEFAULT_SETTINGS, [{ path: 'maxTurn', value: '1' }])).toThrow(
    'no setting "maxTurn"',
  );
  expect(() => changeSettings(DEFAULT_SETTINGS, [{ path: 'ollamaSlots', value: 'few' }])).toThrow('no value');
});
