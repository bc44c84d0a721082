import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Shown in the prefix or not worth a reader's time. */
const UNSHOWN = new Set(['level', 'time', 'service', 'op', 'msg', 'pid', 'hostname', 'v']);
const QUIET_PATHS = /^\/(health|metrics)/;
const PREFIX_WIDTH = 15;
const SERVICE_STYLES: readonly Style[] = ['cyan', 'green', 'magenta', 'blue', 'yellow'];
const LEVEL_STYLES: Readonly<Record<string, Style>> = { warn: 'yellow', error: 'red', fatal: 'red' };
const LOW_LEVELS = new Set(['debug', 'trace']);

type Entry = Readonly<Record<string, unknown>>;

/**
 * One line of a service's output as a person reads it: time, service, what happened, the figures. A line that is not
 * JSON comes from below the logger (a crash, a warning of Node) and is shown as it is. Null: not worth showing.
 */
export function renderLine(service: string, line: string, verbosity: 'normal' | 'verbose'): string | null {
  const entry = parse(line);
  if (entry === null) return line.trim() === '' ? null : `${prefix(service, new Date())} ${line}`;
  const level = typeof entry['level'] === 'string' ? entry['level'] : 'info';
  if (verbosity === 'normal' && (LOW_LEVELS.has(level) || isRoutine(entry))) return null;
  const at = typeof entry['time'] === 'number' ? new Date(entry['time']) : new Date();
  const what = [entry['op'], entry['msg']]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' ');
  const style = LEVEL_STYLES[level];
  const figures = Object.entries(entry)
    .filter(([key, value]) => !UNSHOWN.has(key) && value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${show(value)}`)
    .join(' ');
  const shown = style === undefined ? what : styleText(style, `${level} ${what}`);
  return `${prefix(service, at)} ${shown}${figures === '' ? '' : ` ${styleText('dim', figures)}`}`;
}

function parse(line: string): Entry | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Entry) : null;
  } catch {
    return null;
  }
}

function isRoutine(entry: Entry): boolean {
  const path = entry['path'] ?? entry['route'] ?? entry['url'];
  return entry['level'] === 'info' && typeof path === 'string' && QUIET_PATHS.test(path);
}

function prefix(service: string, at: Date): string {
  const time = at.toTimeString().slice(0, 8);
  return `${styleText('dim', time)} ${styleText(styleOf(service), service.padEnd(PREFIX_WIDTH))}`;
}

/** The same service always has the same colour. */
function styleOf(service: string): Style {
  let sum = 0;
  for (const letter of service) sum += letter.charCodeAt(0);
  return SERVICE_STYLES[sum % SERVICE_STYLES.length] ?? 'cyan';
}

function show(value: unknown): string {
  if (typeof value === 'string') return /^\S*$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
