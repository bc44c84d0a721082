import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@baton/kernel';
import type { CardProbe, CardProcess, CardReading } from './card-probe.ts';

const AMD = '0x1002';
const MIB = 1_048_576;

export interface AmdSettings {
  /** Which of the AMD cards, from 0 on, in the order of their numbers. */
  readonly card: string;
  /** `/sys` and `/proc`; tests put a recorded tree in their place. */
  readonly sysRoot: string;
  readonly procRoot: string;
}

/**
 * AMD's driver through the files that it keeps for this: figures without a process of any kind, where `rocm-smi` would be
 * a Python program for each question. Memory is that of the card itself (VRAM), processes are those that compute.
 */
export class AmdSysfsDriver implements CardProbe {
  readonly isSimulated = false;
  private readonly settings: AmdSettings;
  /** The card's folder. */
  private readonly device: string;
  private readonly name: string;
  /** The compute driver's own number of the card; null where it is not loaded. */
  private readonly computeId: string | null;

  private constructor(settings: AmdSettings, device: string, name: string, computeId: string | null) {
    this.settings = settings;
    this.device = device;
    this.name = name;
    this.computeId = computeId;
  }

  /** Null on a machine without that card. */
  static async open(settings: AmdSettings): Promise<AmdSysfsDriver | null> {
    const devices = await amdDevices(settings.sysRoot);
    const device = devices[Number(settings.card)];
    if (device === undefined) return null;
    const product = await textOf(join(device, 'product_name'));
    const driver = new AmdSysfsDriver(
      settings,
      device,
      product === null || product === '' ? 'AMD GPU' : product,
      await computeIdOf(settings.sysRoot, device),
    );
    return driver.read().then(
      () => driver,
      () => null,
    );
  }

  async read(): Promise<CardReading> {
    const [total, used] = await Promise.all([
      numberOf(join(this.device, 'mem_info_vram_total')),
      numberOf(join(this.device, 'mem_info_vram_used')),
    ]);
    if (total === null || used === null) throw new AppError('engine.unavailable', { probe: 'amdgpu' });
    return { name: this.name, totalMib: Math.round(total / MIB), usedMib: Math.round(used / MIB) };
  }

  async processes(): Promise<readonly CardProcess[] | null> {
    if (this.computeId === null) return null;
    const root = join(this.settings.sysRoot, 'class/kfd/kfd/proc');
    const pids = (await namesIn(root)).filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(
      pids.map(async (pid): Promise<CardProcess | null> => {
        const bytes = await numberOf(join(root, pid, `vram_${this.computeId}`));
        if (bytes === null || bytes === 0) return null;
        const name = (await textOf(join(this.settings.procRoot, pid, 'comm'))) ?? 'unknown';
        return { pid: Number(pid), name, usedMib: Math.round(bytes / MIB) };
      }),
    );
    return found.filter((entry) => entry !== null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Folders of AMD's cards that tell their memory. `card0-DP-1` and its like are outputs. */
async function amdDevices(sysRoot: string): Promise<string[]> {
  const drm = join(sysRoot, 'class/drm');
  const cards = (await namesIn(drm))
    .filter((name) => /^card\d+$/.test(name))
    .sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
    .map((name) => join(drm, name, 'device'));
  const isAmd = await Promise.all(
    cards.map(
      async (device) =>
        (await textOf(join(device, 'vendor'))) === AMD &&
        (await numberOf(join(device, 'mem_info_vram_total'))) !== null,
    ),
  );
  return cards.filter((_, index) => isAmd[index]);
}

/** Card and compute node are the same when they have the same render device. */
async function computeIdOf(sysRoot: string, device: string): Promise<string | null> {
  const render = (await namesIn(join(device, 'drm'))).find((name) => /^renderD\d+$/.test(name));
  if (render === undefined) return null;
  const nodes = join(sysRoot, 'class/kfd/kfd/topology/nodes');
  for (const node of await namesIn(nodes)) {
    const properties = (await textOf(join(nodes, node, 'properties'))) ?? '';
    const minor = /^drm_render_minor (\d+)$/m.exec(properties)?.[1];
    if (minor === render.slice('renderD'.length)) return textOf(join(nodes, node, 'gpu_id'));
  }
  return null;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

async function numberOf(path: string): Promise<number | null> {
  const text = await textOf(path);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
