/** How a manager may say that something runs. */
const RUNNING = new Set<unknown>([true, 'running', 'ready', 'active', 'up', 'started']);
const NOT_RUNNING = new Set<unknown>([
  false,
  'stopped',
  'inactive',
  'down',
  'failed',
  'starting',
  'stopping',
  'unreachable',
]);
const STATE_FIELDS = ['running', 'is_running', 'active', 'state', 'status', 'ready'] as const;
const CURRENT_FIELDS = ['current', 'current_service', 'active_service', 'service'] as const;

/**
 * Whether an external process manager says that an engine runs. The API names only the address, so several shapes are
 * understood, in this order:
 *   1. `engines`, a list with `engine` and `state`, as another Baton answers;
 *   2. a field named for the engine, at the top or in `services` or `processes`: a word, true or false, or an object
 *      that says it in a field of its own;
 *   3. one field that names the service that runs now.
 * Null when none of them is there.
 */
export function saysRunning(status: unknown, engine: string): boolean | null {
  if (!isObject(status)) return null;
  const { engines } = status;
  if (Array.isArray(engines)) {
    const own: unknown = engines.find((view) => isObject(view) && view['engine'] === engine);
    if (isObject(own)) return judge(own['state']);
  }
  for (const holder of [status, status['services'], status['processes']]) {
    if (!isObject(holder) || !(engine in holder)) continue;
    const said = holder[engine];
    if (!isObject(said)) return judge(said);
    const field = STATE_FIELDS.find((name) => judge(said[name]) !== null);
    if (field !== undefined) return judge(said[field]);
  }
  const current = CURRENT_FIELDS.map((name) => status[name]).find((value) => typeof value === 'string');
  return current === undefined ? null : current === engine;
}

function judge(said: unknown): boolean | null {
  const word = typeof said === 'string' ? said.toLowerCase() : said;
  if (RUNNING.has(word)) return true;
  return NOT_RUNNING.has(word) ? false : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
