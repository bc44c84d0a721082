import { describe, expect, test } from '@jest/globals';
import vm from 'node:vm';

/** As Jest runs a file of a package: the environment has put our compiler in place of Node's. */
function run(source: string, filename: string): unknown {
  const parsingContext = vm.createContext({});
  const compiled: unknown = vm.compileFunction(source, ['module', 'exports'], { filename, parsingContext });
  const module: { exports: unknown } = { exports: null };
  (compiled as (of: typeof module, exports: unknown) => void)(module, module.exports);
  return module.exports;
}

describe('a source that is read once', () => {
  test('runs anew for each context, with the objects of that context', () => {
    const source = 'let runs = 0; runs += 1; module.exports = { runs, list: [] };';
    const [one, other] = [run(source, '/a/counter.js'), run(source, '/a/counter.js')] as {
      runs: number;
      list: unknown;
    }[];
    expect([one?.runs, other?.runs]).toEqual([1, 1]);
    expect(Object.getPrototypeOf(one?.list)).not.toBe(Object.getPrototypeOf(other?.list));
  });

  test('is read again when it has changed', () => {
    expect(run('module.exports = 1;', '/a/changed.js')).toBe(1);
    expect(run('module.exports = 2;', '/a/changed.js')).toBe(2);
  });

  test('tells of errors where they are, in its first line too', () => {
    const source = 'module.exports = new Error("here").stack;';
    for (let times = 0; times < 2; times += 1)
      expect(run(source, '/a/first.js')).toContain('/a/first.js:1:18');
  });

  test('that imports as it runs asks whoever runs it now', async () => {
    const asked: string[] = [];
    const ask = (who: string): Promise<unknown> => {
      const compiled: unknown = vm.compileFunction('return import("x");', [], {
        filename: '/a/importing.js',
        parsingContext: vm.createContext({}),
        importModuleDynamically: async (specifier) => {
          asked.push(`${who} ${specifier}`);
          throw new Error('not there');
        },
      });
      return (compiled as () => Promise<unknown>)();
    };
    await expect(ask('one')).rejects.toThrow('not there');
    await expect(ask('other')).rejects.toThrow('not there');
    expect(asked).toEqual(['one x', 'other x']);
  });
});

test('a module that is read once has bindings of its own in each context', async () => {
  const counts: unknown[] = [];
  for (const start of [1, 10]) {
    const context = vm.createContext({ start });
    const module = new vm.SourceTextModule('export let count = start; count += 1;', {
      context,
      identifier: '/a/module.js',
    });
    await module.link(() => {
      throw new Error('it imports nothing');
    });
    await module.evaluate();
    counts.push((module.namespace as { count: number }).count);
  }
  expect(counts).toEqual([2, 11]);
});
