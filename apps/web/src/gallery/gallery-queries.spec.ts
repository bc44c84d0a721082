import { describe, expect, test } from '@jest/globals';
import { galleryQuestion, isFilter } from './gallery-queries.ts';

describe('what is asked for in the gallery', () => {
  test('everything at first', () => {
    expect(galleryQuestion('', 'all', null)).toEqual({});
  });

  test('a search and a page go with each filter', () => {
    const rest = { q: 'fence', cursor: '40' };
    expect(galleryQuestion('fence', 'all', '40')).toEqual(rest);
    expect(galleryQuestion('fence', 'favourite', '40')).toEqual({ ...rest, favourite: 'true' });
    expect(galleryQuestion('fence', 'generated', '40')).toEqual({ ...rest, origin: 'generated' });
    expect(galleryQuestion('fence', 'uploaded', '40')).toEqual({ ...rest, origin: 'uploaded' });
  });

  test('only known filters are filters', () => {
    expect([isFilter('uploaded'), isFilter('deleted')]).toEqual([true, false]);
  });
});
