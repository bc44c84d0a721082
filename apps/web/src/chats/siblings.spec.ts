import { describe, expect, test } from '@jest/globals';
import { versionPlace } from './siblings.ts';

describe('the versions of a message', () => {
  test('the only one has no place among versions', () => {
    expect(versionPlace({ id: 4, siblings: [4] })).toBeNull();
  });

  test('a message that its siblings do not name has none either', () => {
    expect(versionPlace({ id: 4, siblings: [5, 6] })).toBeNull();
  });

  test.each([
    [3, { number: 1, count: 3, previousId: null, nextId: 5 }],
    [5, { number: 2, count: 3, previousId: 3, nextId: 9 }],
    [9, { number: 3, count: 3, previousId: 5, nextId: null }],
  ])('number %i knows its neighbours', (id, place) => {
    expect(versionPlace({ id, siblings: [3, 5, 9] })).toEqual(place);
  });
});
