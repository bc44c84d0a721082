import { describe, expect, test } from '@jest/globals';
import { SOURCES, sourcesOf } from './sources.ts';

const page = (url: string, text = 'words', title = 'A title') => ({ title, url, text });

describe('sources', () => {
  test('are numbered in the order of the provider, each address once, a handful at most', () => {
    const pages = ['a', 'b', 'a', 'c', 'd', 'e', 'f'].map((name) => page(`https://${name}.example/x`));
    const sources = sourcesOf(pages);
    expect(sources).toHaveLength(SOURCES);
    expect(sources.map(({ n, url }) => `${n} ${url}`).slice(0, 3)).toEqual([
      '1 https://a.example/x',
      '2 https://b.example/x',
      '3 https://c.example/x',
    ]);
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'ftp://host.example/x',
    'https://user:password@host.example/',
    'not an address',
    '',
    `https://host.example/${'x'.repeat(2_001)}`,
  ])('never lead to %s', (url) => {
    expect(sourcesOf([page(url), page('https://good.example/')])).toMatchObject([
      { n: 1, url: 'https://good.example/' },
    ]);
  });

  test('have a title, one line of text of bounded length, and nothing that cannot be seen', () => {
    const [source] = sourcesOf([
      page('https://host.example/', `one\u0000\u200b\u202e two\n\nthree ${'x'.repeat(5_000)}`, ' \n '),
    ]);
    expect(source?.title).toBe('host.example');
    expect(source?.snippet).toMatch(/^one two three x+…$/);
    expect(source?.snippet.length).toBeLessThanOrEqual(1_200);
  });

  test('are cut between characters, not within one', () => {
    const [source] = sourcesOf([page('https://host.example/', '😀'.repeat(900))]);
    expect(source?.snippet).toMatch(/^(😀)+…$/u);
  });
});
