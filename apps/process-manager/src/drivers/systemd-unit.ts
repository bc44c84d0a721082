/** One look at a unit, as `systemctl show` tells it. */
export interface UnitState {
  readonly load: string;
  readonly active: string;
  readonly result: string;
  readonly isLoaded: boolean;
  /** Its processes exist, or are being started. */
  readonly isUp: boolean;
  /** Names one run of the unit; another run has another one. */
  readonly invocation: string;
  /** How the last main process ended, where it has. */
  readonly end: { readonly code: number | null; readonly signal: string | null };
}

/** Of waitid(2), as systemd prints them. */
const EXITED = '1';
const KILLED = '2';
const DUMPED = '3';

/** What `systemctl show` prints: one `Name=value` a line, in an order of its own. Absent ones count as empty. */
export function readUnit(text: string): UnitState {
  const properties = new Map(
    text.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const read = (name: string): string => properties.get(name) ?? '';
  const active = read('ActiveState');
  // "activating (auto-restart)" is a pause between two runs: nothing of the unit exists then.
  const isBetweenRuns = read('SubState').startsWith('auto-restart');
  return {
    load: read('LoadState'),
    active,
    result: read('Result'),
    isLoaded: read('LoadState') === 'loaded',
    isUp: (active === 'active' || active === 'activating' || active === 'reloading') && !isBetweenRuns,
    invocation: read('InvocationID'),
    end: endOf(read('ExecMainCode'), Number(read('ExecMainStatus'))),
  };
}

function endOf(how: string, status: number): UnitState['end'] {
  if (how === EXITED) return { code: status, signal: null };
  if (how === KILLED || how === DUMPED)
    return { code: null, signal: SIGNALS.get(status) ?? `signal ${status}` };
  return { code: null, signal: null };
}

const SIGNALS = new Map([
  [1, 'SIGHUP'],
  [2, 'SIGINT'],
  [6, 'SIGABRT'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [15, 'SIGTERM'],
]);
