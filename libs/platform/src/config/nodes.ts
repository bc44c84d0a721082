import { z } from 'zod';
import { ConfigError } from './env.ts';

const ADDRESS = /^[^\s:/|,=]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/;

const nodeAddress = z.strictObject({
  node: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'names are lower-case letters, digits and dashes' }),
  /** TCP edge of its process-manager, host:port. */
  address: z.string().regex(ADDRESS, { error: 'addresses are host:port' }),
  /** HTTP address of its process-manager, where the guard is, without a slash at the end. */
  guardUrl: z
    .url({ protocol: /^https?$/, error: 'guards are http(s) addresses' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
});
export type NodeAddress = z.output<typeof nodeAddress>;

const nodeList = z
  .array(nodeAddress)
  .min(1, { error: 'names no node' })
  .refine((nodes) => new Set(nodes.map(({ node }) => node)).size === nodes.length, {
    error: 'names a node twice',
  });

/**
 * The GPUs of an installation with several: `gpu0=host:port|http://host:port,gpu1=…`, or the same as a JSON list of
 * `{"node","address","guardUrl"}`. Not set: the one node of this stack.
 */
export function envNodes() {
  return z
    .string()
    .transform((text, context): unknown => {
      if (!text.trimStart().startsWith('[')) return text.split(',').map(readPair);
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({
          code: 'custom',
          message: 'must be JSON, or name=host:port|guard separated by commas',
        });
        return z.NEVER;
      }
    })
    .pipe(nodeList)
    .optional();
}

function readPair(text: string): unknown {
  const [node = '', rest = ''] = split(text.trim(), '=');
  const [address = '', guardUrl] = split(rest, '|');
  return { node, address, ...(guardUrl === undefined ? {} : { guardUrl }) };
}

/** At the first separator only: an address of a guard may hold an equals sign. */
function split(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What a user of the GPU needs of each node: its name and where its guard is. */
export interface NodeGuard {
  readonly node: string;
  readonly guardBaseUrl: string;
}

/** @param only the one node, when none are listed @throws ConfigError when a listed node has no guard's address */
export function nodeGuards(nodes: readonly NodeAddress[] | undefined, only: NodeGuard): readonly NodeGuard[] {
  if (nodes === undefined) return [only];
  return nodes.map(({ node, guardUrl }) => {
    if (guardUrl === undefined)
      throw new ConfigError(`GPU_NODES: ${node} needs the address of its guard behind a |`);
    return { node, guardBaseUrl: guardUrl };
  });
}
