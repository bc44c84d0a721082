import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, loadConfig } from './env.ts';
import { envNodes, nodeGuards } from './nodes.ts';

const schema = z.object({ GPU_NODES: envNodes() });
const read = (text?: string) => loadConfig(schema, text === undefined ? {} : { GPU_NODES: text }).GPU_NODES;
const ONLY = { node: 'gpu0', guardBaseUrl: 'http://127.0.0.1:8888' };

test('several GPUs are names with the addresses of their process-manager and guard', () => {
  const nodes = read('gpu0=127.0.0.1:8889|http://127.0.0.1:8888/, big=box:8889|https://box/guard');
  expect(nodes).toEqual([
    { node: 'gpu0', address: '127.0.0.1:8889', guardUrl: 'http://127.0.0.1:8888' },
    { node: 'big', address: 'box:8889', guardUrl: 'https://box/guard' },
  ]);
  expect(read(JSON.stringify(nodes))).toEqual(nodes);
  expect(nodeGuards(nodes, ONLY)).toEqual([
    { node: 'gpu0', guardBaseUrl: 'http://127.0.0.1:8888' },
    { node: 'big', guardBaseUrl: 'https://box/guard' },
  ]);
});

test('without the list there is the one GPU of this stack', () => {
  expect(read()).toBeUndefined();
  expect(nodeGuards(undefined, ONLY)).toEqual([ONLY]);
});

test('whoever uses the GPUs needs to know the guard of each', () => {
  expect(() => nodeGuards(read('gpu0=127.0.0.1:8889'), ONLY)).toThrow(/gpu0 needs the address of its guard/);
});

test.each([
  ['a word', 'gpu0'],
  ['a name in capitals', 'GPU0=h:1'],
  ['an address without a port', 'gpu0=host'],
  ['a guard that is no address', 'gpu0=h:1|guard'],
  ['a name twice', 'gpu0=h:1,gpu0=h:2'],
  ['an empty list', '[]'],
  ['half a JSON list', '[{"node":'],
])('%s is refused by the name of the variable', (_, text) => {
  expect(() => read(text)).toThrow(ConfigError);
  expect(() => read(text)).toThrow(/GPU_NODES/);
});
