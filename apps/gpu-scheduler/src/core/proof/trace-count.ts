/** Set by jest.config.mjs for `npm run test:nightly`; absent in `npm test`. */
declare global {
  var BATON_TRACES: number | undefined;
}

/**
 * How many random traces a property is tried on: a few that are always the same, or as many as the nightly run asks for, of
 * which one that plays for long gets a share.
 */
export function traceCount(usual: number, share = 1): number {
  return Math.max(usual, Math.round((globalThis.BATON_TRACES ?? 0) * share));
}
