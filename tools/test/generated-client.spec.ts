import { expect, test } from '@jest/globals';
import { differences } from './generated-client.ts';

test('what was added, removed or changed is named', () => {
  const before = new Map([
    ['same.ts', '1'],
    ['changed.ts', '1'],
    ['removed.ts', '1'],
  ]);
  const after = new Map([
    ['same.ts', '1'],
    ['changed.ts', '2'],
    ['added.ts', '1'],
  ]);
  expect(differences(before, after)).toEqual(['added.ts', 'changed.ts', 'removed.ts']);
  expect(differences(before, new Map(before))).toEqual([]);
});
