import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { Connection } from './connection.ts';
import { SessionKeeper, type TabNews } from './session.ts';

const ANNA = {
  id: 1,
  username: 'anna',
  email: null,
  role: 'user',
  locale: null,
  created_at: '2026-11-20T10:00:00.000Z',
} as const;

const started = (token: string) => ({
  access_token: token,
  token_type: 'bearer' as const,
  expires_in: 600,
  user: ANNA,
});

const refused = (): Response =>
  Response.json(
    {
      type: 'urn:baton:problem:auth.invalid_refresh',
      title: 'Your session has ended. Please log in again.',
      status: 401,
      code: 'auth.invalid_refresh',
      retry: 'never',
      correlation_id: 'c1',
    },
    { status: 401 },
  );

/** A browser whose gateway gives the answers of the test, one after the other. */
function browser(...answers: (() => Response)[]) {
  const clock = new FakeClock();
  const connection = new Connection();
  const told: TabNews[] = [];
  let asked = 0;
  const session = new SessionKeeper({
    fetch: async () => {
      const next = answers[asked];
      asked += 1;
      if (next === undefined) throw new TypeError('no network');
      return next();
    },
    clock,
    connection,
    exclusive: (work) => work(),
    tell: (news) => told.push(news),
  });
  return { session, clock, connection, told, asked: () => asked };
}

describe('the session of a tab', () => {
  test('a cookie from before brings the user back without a log-in', async () => {
    const { session } = browser(() => Response.json(started('t1')));
    expect(await session.refresh()).toBe(true);
    expect(session.snapshot()).toEqual({ status: 'in', user: ANNA });
    expect(session.accessToken()).toBe('t1');
  });

  test('without a valid cookie nobody is logged in, and that is no ended session', async () => {
    const { session } = browser(refused);
    expect(await session.refresh()).toBe(false);
    expect(session.snapshot()).toEqual({ status: 'out', ended: false });
  });

  test('callers at the same time share one refresh, because a refresh token is good for one use', async () => {
    const { session, asked } = browser(() => Response.json(started('t1')));
    expect(await Promise.all([session.refresh(), session.refresh(), session.refresh()])).toEqual([
      true,
      true,
      true,
    ]);
    expect(asked()).toBe(1);
  });

  test('the token is renewed by itself before it expires', async () => {
    const { session, clock, asked } = browser(() => Response.json(started('t2')));
    session.begin(started('t1'));
    const renewed = new Promise<void>((resolve) => session.subscribe(resolve));
    await clock.advance(599_000);
    await renewed;
    expect(asked()).toBe(1);
    expect(session.accessToken()).toBe('t2');
  });

  test('a session that the gateway has ended leaves nothing and is said to have ended', async () => {
    const { session } = browser(refused);
    session.begin(started('t1'));
    await session.refresh();
    expect(session.snapshot()).toEqual({ status: 'out', ended: true });
    expect(session.accessToken()).toBeNull();
  });

  test('a gateway that is away ends no session', async () => {
    const { session, connection } = browser();
    session.begin(started('t1'));
    expect(await session.refresh()).toBe(false);
    expect(session.snapshot().status).toBe('in');
    expect(connection.snapshot()).toBe('away');
  });

  test('logging out here tells the other tabs, and their news log out this one', () => {
    const { session, told } = browser();
    session.begin(started('t1'));
    session.end();
    expect(told).toEqual([{ type: 'logged-in', userId: 1 }, { type: 'logged-out' }]);
    session.begin(started('t1'));
    session.onTabNews({ type: 'logged-out' });
    expect(session.snapshot()).toEqual({ status: 'out', ended: false });
  });
});
