import type { Session, User } from '@baton/contracts';
import { session as sessionShape } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Connection } from './connection.ts';
import { failureIn, RequestFailed } from './request-failed.ts';

/** `unknown` until the refresh cookie was tried; `out` with `ended` when a session was there and is over. */
export type SessionState =
  | { readonly status: 'unknown' }
  | { readonly status: 'out'; readonly ended: boolean }
  | { readonly status: 'in'; readonly user: User };

/** What the tabs of one browser tell each other. Never a token: the cookie is shared anyway. */
export type TabNews =
  { readonly type: 'logged-in'; readonly userId: number } | { readonly type: 'logged-out' };

/** One lock for all tabs: a refresh token is good for one use, so two tabs must not spend the same one. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

interface SessionKeeperParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly exclusive: Exclusive;
  readonly tell: (news: TabNews) => void;
}

/** The token is renewed when this part of its life is left, so that no request meets an expired one. */
const RENEW_WITH_LEFT = 0.2;
const RETRY_MS = 3_000;

/**
 * Who is logged in. The access token lives in this object and nowhere else; the refresh token is an HttpOnly cookie that
 * this code cannot see.
 */
export class SessionKeeper {
  private state: SessionState = { status: 'unknown' };
  private token: string | null = null;
  private refreshing: Promise<boolean> | null = null;
  private stopTimer: () => void = () => undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly parts: SessionKeeperParts) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): SessionState => this.state;

  accessToken(): string | null {
    return this.token;
  }

  /** Takes over a session that log-in or registration answered with. */
  begin(started: Session): void {
    this.adopt(started);
    this.parts.tell({ type: 'logged-in', userId: started.user.id });
  }

  /** Shows changed details of the same user. */
  update(user: User): void {
    if (this.state.status === 'in') this.set({ status: 'in', user });
  }

  /** The user logged out here. */
  end(): void {
    this.forget(false);
    this.parts.tell({ type: 'logged-out' });
  }

  onTabNews(news: TabNews): void {
    if (news.type === 'logged-out') this.forget(false);
    else if (this.state.status !== 'in' || this.state.user.id !== news.userId) void this.refresh();
  }

  /**
   * Gets a new access token for the cookie; callers at the same time share one attempt. True: there is a session.
   * False: there is none any more, or the gateway could not be asked (then it is tried again by itself).
   */
  refresh(): Promise<boolean> {
    this.refreshing ??= this.parts
      .exclusive(() => this.askForToken())
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  private async askForToken(): Promise<boolean> {
    try {
      const response = await this.parts.fetch('/api/auth/refresh', { method: 'POST' });
      this.parts.connection.report(response.status);
      if (!response.ok) throw await refusalIn(response);
      this.adopt(sessionShape.parse(await response.json()));
      return true;
    } catch (error) {
      if (
        error instanceof RequestFailed &&
        error.status >= 400 &&
        error.status < 500 &&
        error.status !== 429
      ) {
        this.forget(this.state.status === 'in');
        return false;
      }
      if (!(error instanceof RequestFailed)) this.parts.connection.report(0);
      this.schedule(RETRY_MS);
      return false;
    }
  }

  private adopt(started: Session): void {
    this.token = started.access_token;
    this.set({ status: 'in', user: started.user });
    this.schedule(started.expires_in * 1_000 * (1 - RENEW_WITH_LEFT));
  }

  private forget(ended: boolean): void {
    this.token = null;
    this.stopTimer();
    this.set({ status: 'out', ended });
  }

  private schedule(ms: number): void {
    this.stopTimer();
    this.stopTimer = this.parts.clock.after(ms, () => void this.refresh());
  }

  private set(next: SessionState): void {
    this.state = next;
    for (const listener of this.listeners) listener();
  }
}

async function refusalIn(response: Response): Promise<RequestFailed> {
  return new RequestFailed(response.status, failureIn(await response.json().catch(() => null)));
}
