import { CONDITIONING } from './conditioning.ts';
import { LATENTS } from './latents.ts';
import { LOADERS } from './loaders.ts';
import type { NodeClass } from './node-class.ts';
import { OUTPUTS } from './outputs.ts';
import { PIXELS } from './pixels.ts';
import { SAMPLING } from './sampling.ts';

export type NodeRegistry = ReadonlyMap<string, NodeClass>;

/** The nodes of the server, and those of "custom node packs" that a caller adds. */
export function nodeRegistry(packs: readonly NodeClass[] = []): NodeRegistry {
  const nodes = [...LOADERS, ...CONDITIONING, ...LATENTS, ...SAMPLING, ...PIXELS, ...OUTPUTS, ...packs];
  return new Map(nodes.map((node) => [node.name, node]));
}
