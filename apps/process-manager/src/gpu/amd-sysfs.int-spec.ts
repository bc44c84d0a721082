import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AmdSysfsDriver } from './amd-sysfs.driver.ts';

/** What the amdgpu and amdkfd drivers show of a machine with an Intel display, an AMD display and an AMD compute card. */
const TREE: Readonly<Record<string, string>> = {
  'sys/class/drm/card0/device/vendor': '0x8086\n',
  'sys/class/drm/card1-DP-1/status': 'connected\n',
  'sys/class/drm/card1/device/vendor': '0x1002\n',
  'sys/class/drm/card1/device/mem_info_vram_total': '536870912\n',
  'sys/class/drm/card1/device/mem_info_vram_used': '104857600\n',
  'sys/class/drm/card1/device/product_name': '\n',
  'sys/class/drm/card10/device/vendor': '0x1002\n',
  'sys/class/drm/card10/device/mem_info_vram_total': '25753026560\n',
  'sys/class/drm/card10/device/mem_info_vram_used': '8808038400\n',
  'sys/class/drm/card10/device/product_name': 'Radeon RX 7900 XTX\n',
  'sys/class/drm/card10/device/drm/renderD130/dev': '226:130\n',
  'sys/class/kfd/kfd/topology/nodes/0/gpu_id': '0\n',
  'sys/class/kfd/kfd/topology/nodes/0/properties': 'cpu_cores_count 16\ndrm_render_minor 0\n',
  'sys/class/kfd/kfd/topology/nodes/1/gpu_id': '51110\n',
  'sys/class/kfd/kfd/topology/nodes/1/properties': 'cpu_cores_count 0\ndrm_render_minor 130\n',
  'sys/class/kfd/kfd/proc/4711/vram_51110': '8589934592\n',
  'sys/class/kfd/kfd/proc/4712/vram_51110': '0\n',
  'sys/class/kfd/kfd/proc/4713/vram_999': '1048576\n',
  'proc/4711/comm': 'python3\n',
};

const root = mkdtempSync(join(tmpdir(), 'baton-amd-'));
const settings = (card: string) => ({ card, sysRoot: join(root, 'sys'), procRoot: join(root, 'proc') });

beforeAll(() => {
  for (const [path, text] of Object.entries(TREE)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("AMD's driver", () => {
  test('tells the memory of the card that was asked for, in the order of their numbers', async () => {
    const [display, compute] = [
      await AmdSysfsDriver.open(settings('0')),
      await AmdSysfsDriver.open(settings('1')),
    ];
    expect(await display?.read()).toEqual({ name: 'AMD GPU', totalMib: 512, usedMib: 100 });
    expect(await compute?.read()).toEqual({ name: 'Radeon RX 7900 XTX', totalMib: 24_560, usedMib: 8_400 });
  });

  test('lists who computes on it, and keeps silent about a card that does not compute', async () => {
    const [display, compute] = [
      await AmdSysfsDriver.open(settings('0')),
      await AmdSysfsDriver.open(settings('1')),
    ];
    expect(await compute?.processes()).toEqual([{ pid: 4_711, name: 'python3', usedMib: 8_192 }]);
    expect(await display?.processes()).toBeNull();
  });

  test('is none where there is no such card', async () => {
    expect(await AmdSysfsDriver.open(settings('2'))).toBeNull();
    expect(await AmdSysfsDriver.open(settings('GPU-8a2b'))).toBeNull();
    expect(await AmdSysfsDriver.open({ ...settings('0'), sysRoot: join(root, 'nothing') })).toBeNull();
  });
});
