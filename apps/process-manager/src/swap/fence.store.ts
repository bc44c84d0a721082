import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';

const file = z.object({ version: z.literal(1), highestFence: z.int().nonnegative() });

/**
 * The highest fence this node has seen, on disk: Redis may lose the last second of its own counter, and an older turn must
 * never pass as a newer one.
 */
export class FenceStore {
  private readonly path: string;
  private kept: number;

  /** @throws when the file is there and cannot be understood: guessing a fence would be worse than not starting */
  constructor(path: string) {
    this.path = path;
    this.kept = read(path);
  }

  get highestFence(): number {
    return this.kept;
  }

  /** On disk when this returns. A fence that is not higher is nothing to do. */
  keep(fence: number): void {
    if (fence <= this.kept) return;
    writeDurably(this.path, JSON.stringify({ version: 1, highestFence: fence }));
    this.kept = fence;
  }
}

function read(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw cause;
  }
  try {
    return file.parse(JSON.parse(text)).highestFence;
  } catch (cause) {
    throw new Error(
      'The file of the highest fence (process-manager/fence.json in the data folder) cannot be read. It is written whole ' +
        'or not at all, so the disk or somebody else has changed it. Put it back from a backup, or remove it while no ' +
        'other part of Baton runs.',
      { cause },
    );
  }
}
