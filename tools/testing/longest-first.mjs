/**
 * Begins with the files that take longest, or the last of them runs alone at the end. Jest does so by itself once it has
 * timed them here; in a fresh clone it goes by the size of a file, and a campaign is a short file.
 */
import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** Half a minute and more each, the longest first. A name that is missing here costs time and nothing else. */
export const LONG = [
  'campaign.system-spec.ts',
  'pictures.system-spec.ts',
  'comfyui-faults.system-spec.ts',
  'crash-in-render.system-spec.ts',
  'crash-in-reply.system-spec.ts',
  'conversations.browser-spec.ts',
  'page.browser-spec.ts',
  'guard-bodies.int-spec.ts',
  'local.driver.int-spec.ts',
  'traps.int-spec.ts',
  'failover.int-spec.ts',
  'scheduler.int-spec.ts',
  'drivers.int-spec.ts',
];

/** Smaller is earlier; what was timed already has its place. */
function rank({ path, duration }) {
  const at = LONG.findIndex((name) => path.endsWith(`/${name}`) || path.endsWith(`\\${name}`));
  return at === -1 || duration !== undefined ? LONG.length : at;
}

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    return [...sorted].sort((one, other) => rank(one) - rank(other));
  }
}
