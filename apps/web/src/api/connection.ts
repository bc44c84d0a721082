/** Whether the gateway answers. Anything that talks to it reports here; the banner and the streams listen. */
export type Reachability = 'here' | 'away';

/** Answers of a proxy in front of a gateway that is not there. */
const AWAY_STATUSES = new Set([502, 504]);

export class Connection {
  private state: Reachability = 'here';
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Reachability => this.state;

  /** Call with the status of every answer, and with 0 when there was none. */
  report(status: number): void {
    const next: Reachability = status === 0 || AWAY_STATUSES.has(status) ? 'away' : 'here';
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }
}
