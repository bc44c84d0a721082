import { afterEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FenceStore } from './fence.store.ts';

/** As a program of its own would import it. */
const STORE = pathToFileURL(join(import.meta.dirname, 'fence.store.ts')).href;

const folder = mkdtempSync(join(tmpdir(), 'baton-fence-'));
const path = join(folder, 'deep', 'fence.json');
afterEach(() => rmSync(join(folder, 'deep'), { recursive: true, force: true }));

describe('the fence on disk', () => {
  test('is there after a restart', () => {
    new FenceStore(path).keep(17);
    expect(new FenceStore(path).highestFence).toBe(17);
  });

  test('never goes back', () => {
    const store = new FenceStore(path);
    store.keep(17);
    store.keep(3);
    expect(new FenceStore(path).highestFence).toBe(17);
  });

  test.each([
    ['cut off', '{"version":1,"highestF'],
    ['empty', ''],
    ['full of zeros', '\0\0\0\0'],
    ['of another version', '{"version":2,"highestFence":17}'],
    ['negative', '{"version":1,"highestFence":-1}'],
  ])('in a file that is %s stops the start, with what to do, instead of beginning at zero', (_, text) => {
    new FenceStore(path).keep(17);
    writeFileSync(path, text);
    expect(() => new FenceStore(path)).toThrow(/highest fence .* cannot be read/);
  });

  test.each(['renameSync', 'fsyncSync', 'closeSync'])(
    'is the old one or the new one after a SIGKILL in the middle (before %s), and goes on from there',
    (step) => {
      new FenceStore(path).keep(17);
      const program = `
        import fs from 'node:fs';
        import { syncBuiltinESMExports } from 'node:module';
        const { FenceStore } = await import(${JSON.stringify(STORE)});
        const store = new FenceStore(${JSON.stringify(path)});
        fs[${JSON.stringify(step)}] = () => process.kill(process.pid, 'SIGKILL');
        syncBuiltinESMExports();
        store.keep(18);
      `;
      const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
      expect([signal, stderr.toString()]).toEqual(['SIGKILL', '']);
      const store = new FenceStore(path);
      expect(store.highestFence).toBe(17);
      store.keep(18);
      expect(new FenceStore(path).highestFence).toBe(18);
    },
  );
});
