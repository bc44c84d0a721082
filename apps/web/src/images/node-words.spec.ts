import { describe, expect, test } from '@jest/globals';
import type { TFunction } from 'i18next';
import { sayNode } from './node-words.ts';

const t = ((key: string, values: { readonly node?: string } = {}) =>
  values.node === undefined ? key : `${key} ${values.node}`) as unknown as TFunction;

describe('what the image engine is at', () => {
  test.each([
    ['VAEDecode', 'picture.node.decode'],
    ['VAEDecodeTiled', 'picture.node.decode'],
    ['SaveImage', 'picture.node.save'],
    ['My own sharpener', 'picture.at_node My own sharpener'],
  ])('%s', (node, words) => {
    expect(sayNode(node, t)).toBe(words);
  });
});
