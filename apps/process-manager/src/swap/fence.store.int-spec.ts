import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FenceStore } from './fence.store.ts';

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

  test('that cannot be read stops the start instead of beginning at zero', () => {
    new FenceStore(path).keep(17);
    writeFileSync(path, '{"version":1,"highestF');
    expect(() => new FenceStore(path)).toThrow();
  });
});
