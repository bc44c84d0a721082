import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

test('a cursor comes back as the position it was made of', () => {
  const position = fc.record({ pinned: fc.boolean(), updatedAt: fc.nat(), id: fc.integer({ min: 1 }) });
  fc.assert(
    fc.property(position, (given) => {
      expect(decodeCursor(encodeCursor(given))).toEqual(given);
    }),
  );
});

test.each(['', 'nonsense', 'WzEsMl0', 'WzIsMSwxXQ', 'bnVsbA', '💥'])(
  'the cursor %j, which we did not write, is refused by name',
  (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        issues: [{ path: 'cursor', message: expect.any(String) }],
      }),
    );
  },
);
