import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { session, type Session } from '@baton/contracts';
import { DataSource } from 'typeorm';
import { GatewayHarness, JWT_SECRET, refreshCookie, type Answer } from '../testing/gateway-harness.ts';
import { PARALLEL_USE_MS } from './refresh-tokens.repository.ts';

const PASSWORD = 'a long enough password';

let gateway: GatewayHarness;
beforeAll(async () => {
  gateway = await GatewayHarness.start({
    MAX_USERS: '0',
    LOGIN_ATTEMPTS: '5',
    REGISTRATIONS_PER_HOUR: '1000',
  });
});
afterAll(() => gateway.stop());

function post(path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return gateway.ask(path, { method: 'POST', json, headers });
}

function register(username: string, more: object = {}): Promise<Answer> {
  return post('/api/auth/register', { username, password: PASSWORD, ...more });
}

function sessionOf(answer: Answer): Session {
  return session.parse(answer.body);
}

describe('registration', () => {
  test('the first user becomes admin, later ones do not, and the answer is a session', async () => {
    const first = await register('Admin');
    expect(first.status).toBe(201);
    expect(sessionOf(first)).toMatchObject({
      token_type: 'bearer',
      expires_in: 900,
      user: { role: 'admin' },
    });
    const second = await register('second');
    expect(sessionOf(second).user.role).toBe('user');
  });

  test('a name is taken in every case and spelling of its letters', async () => {
    await register('Straße');
    await register('Ёлка');
    for (const same of ['STRAßE', 'ёлка', 'ＡＤＭＩＮ']) {
      const answer = await register(same);
      expect(answer).toMatchObject({ status: 409, body: { code: 'user.name_taken' } });
    }
  });

  test('an e-mail address is used once, in any case', async () => {
    await register('mail1', { email: 'One@Example.org' });
    const answer = await register('mail2', { email: 'one@example.org' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'user.email_taken' } });
  });

  test('the password is kept as argon2id only, and no answer repeats it', async () => {
    const answer = await register('hashed');
    const rows: unknown = await gateway.app
      .get(DataSource)
      .query("SELECT * FROM users WHERE username = 'hashed'");
    expect(JSON.stringify(rows)).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(JSON.stringify(rows)).not.toContain(PASSWORD);
    expect(JSON.stringify(answer.body)).not.toMatch(/argon2|password/);
  });
});

describe('login', () => {
  test('takes the user name in any case, or the e-mail address', async () => {
    await register('Login', { email: 'login@example.org' });
    for (const username of ['login', ' LOGIN ', 'Login@Example.org']) {
      expect(await post('/api/auth/login', { username, password: PASSWORD })).toMatchObject({ status: 200 });
    }
  });

  test('a wrong password and an unknown name look the same', async () => {
    await register('known');
    const wrong = await post('/api/auth/login', { username: 'known', password: 'something else' });
    const unknown = await post('/api/auth/login', { username: 'nobody', password: 'something else' });
    const comparable = ({ status, body }: Answer): object => ({
      status,
      body: { ...Object(body), correlation_id: '' },
    });
    expect(comparable(wrong)).toEqual(comparable(unknown));
    expect(wrong).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });
  });

  test('after too many wrong passwords even the right one waits, for this account and address only', async () => {
    await register('guessed');
    const answers = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      answers.push(await post('/api/auth/login', { username: 'guessed', password: `guess ${attempt}` }));
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
    const right = await post('/api/auth/login', { username: 'Guessed', password: PASSWORD });
    expect(right).toMatchObject({ status: 429, body: { code: 'request.too_many', retry: 'later' } });
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(right.headers.get('content-type')).toContain('application/problem+json');
    expect(await post('/api/auth/login', { username: 'known', password: PASSWORD })).toMatchObject({
      status: 200,
    });
  });

  test('attempts at once do not slip past the limit together', async () => {
    await register('rushed');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        post('/api/auth/login', { username: 'rushed', password: 'wrong one' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
  });

  test('a disabled user is told so, and only with the right password', async () => {
    await register('disabled');
    await gateway.app
      .get(DataSource)
      .query("UPDATE users SET disabled_at_ms = 1 WHERE username = 'disabled'");
    expect(await post('/api/auth/login', { username: 'disabled', password: 'wrong' })).toMatchObject({
      status: 401,
    });
    expect(await post('/api/auth/login', { username: 'disabled', password: PASSWORD })).toMatchObject({
      status: 403,
      body: { code: 'auth.account_disabled' },
    });
  });
});

describe('access tokens', () => {
  let good: Session;
  beforeAll(async () => {
    good = sessionOf(await register('bearer'));
  });

  const claims = { issuer: 'baton', audience: 'baton-api', expiresIn: 900, subject: '1' } as const;
  const sign = (secret: string, options: object): string =>
    new JwtService({ secret }).sign({ ver: 0 }, options);
  const unsigned = (): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const payload = { sub: '1', ver: 0, iss: 'baton', aud: 'baton-api', iat: now, exp: now + 900 };
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(payload)}.`;
  };
  const tampered = (): string => {
    const [head, , signature] = good.access_token.split('.');
    const payload = { sub: '1', ver: 0, iss: 'baton', aud: 'baton-api', exp: 9_999_999_999 };
    return `${head}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${signature}`;
  };

  test.each<[string, () => string, string]>([
    ['expired', () => sign(JWT_SECRET, { ...claims, expiresIn: -1 }), 'auth.token_expired'],
    ['signed by another secret', () => sign('x'.repeat(40), claims), 'auth.required'],
    ['for another audience', () => sign(JWT_SECRET, { ...claims, audience: 'other' }), 'auth.required'],
    ['from another issuer', () => sign(JWT_SECRET, { ...claims, issuer: 'other' }), 'auth.required'],
    ['of another algorithm', () => sign(JWT_SECRET, { ...claims, algorithm: 'HS512' }), 'auth.required'],
    ['without a signature (alg none)', unsigned, 'auth.required'],
    ['changed after signing', tampered, 'auth.required'],
    ['of a user who is not there', () => sign(JWT_SECRET, { ...claims, subject: '99999' }), 'auth.required'],
    ['with a subject that is no id', () => sign(JWT_SECRET, { ...claims, subject: '1e0' }), 'auth.required'],
    ['no token at all', () => 'rubbish', 'auth.required'],
  ])('one that is %s is refused', async (_, make, code) => {
    const answer = await gateway.ask('/api/auth/verify', { token: make() });
    expect(answer).toMatchObject({ status: 401, body: { code, status: 401 } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('a good one is verified, with its end and its user', async () => {
    const answer = await gateway.ask('/api/auth/verify', { token: good.access_token });
    expect(answer).toMatchObject({ status: 200, body: { valid: true, user: { username: 'bearer' } } });
  });

  test('a token in the query is not looked at', async () => {
    expect(await gateway.ask(`/api/auth/me?token=${good.access_token}`)).toMatchObject({ status: 401 });
  });

  test('one of a user who was disabled meanwhile is refused', async () => {
    const { access_token: token, user } = sessionOf(await register('later-disabled'));
    await gateway.app.get(DataSource).query(`UPDATE users SET disabled_at_ms = 1 WHERE id = ${user.id}`);
    expect(await gateway.ask('/api/auth/me', { token })).toMatchObject({
      status: 403,
      body: { code: 'auth.account_disabled' },
    });
  });

  test('a new password ends all other sessions at once and opens a new one', async () => {
    const first = await register('changer');
    const other = await post('/api/auth/login', { username: 'changer', password: PASSWORD });
    const changed = await gateway.ask('/api/auth/password', {
      method: 'POST',
      token: sessionOf(first).access_token,
      json: { current_password: PASSWORD, new_password: 'quite another one' },
    });
    expect(changed.status).toBe(200);
    for (const old of [first, other]) {
      expect(await gateway.ask('/api/auth/me', { token: sessionOf(old).access_token })).toMatchObject({
        status: 401,
      });
      expect(await post('/api/auth/refresh', undefined, { cookie: refreshCookie(old).pair })).toMatchObject({
        status: 401,
      });
    }
    expect(await gateway.ask('/api/auth/me', { token: sessionOf(changed).access_token })).toMatchObject({
      status: 200,
    });
    expect(await post('/api/auth/login', { username: 'changer', password: PASSWORD })).toMatchObject({
      status: 401,
    });
  });

  test('a wrong current password changes nothing', async () => {
    const answer = await gateway.ask('/api/auth/password', {
      method: 'POST',
      token: good.access_token,
      json: { current_password: 'not this one', new_password: 'quite another one' },
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });
    expect(await gateway.ask('/api/auth/me', { token: good.access_token })).toMatchObject({ status: 200 });
  });
});

describe('refresh tokens', () => {
  const refresh = (pair: string): Promise<Answer> => post('/api/auth/refresh', undefined, { cookie: pair });
  const age = (ms: number): Promise<unknown> =>
    gateway.app.get(DataSource).query(`UPDATE refresh_tokens SET replaced_at_ms = replaced_at_ms - ${ms}`);

  test('the cookie is for the auth routes only, and out of reach for scripts and other sites', async () => {
    const { attributes } = refreshCookie(await register('cookie'));
    expect(attributes).toContain('Path=/api/auth');
    expect(attributes).toContain('HttpOnly');
    expect(attributes).toContain('SameSite=Strict');
    expect(attributes).not.toContain('Secure');
  });

  test('each is exchanged for the next one, and only hashes are kept', async () => {
    const first = refreshCookie(await register('rotating'));
    const second = await refresh(first.pair);
    expect(sessionOf(second).user.username).toBe('rotating');
    expect(refreshCookie(second).pair).not.toBe(first.pair);
    expect(await refresh(refreshCookie(second).pair)).toMatchObject({ status: 200 });
    const rows: unknown = await gateway.app.get(DataSource).query('SELECT token_hash FROM refresh_tokens');
    expect(JSON.stringify(rows)).not.toContain(first.pair.split('=')[1]);
  });

  test('parallel tabs with the same token both go on', async () => {
    const first = refreshCookie(await register('tabs'));
    const answers = await Promise.all([1, 2, 3].map(() => refresh(first.pair)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const answer of answers)
      expect(await refresh(refreshCookie(answer).pair)).toMatchObject({ status: 200 });
  });

  test('a used one that comes back later ends the whole login, for the thief and for the owner', async () => {
    const stolen = refreshCookie(await register('robbed'));
    const owner = refreshCookie(await refresh(stolen.pair));
    await age(PARALLEL_USE_MS + 1);
    expect(await refresh(stolen.pair)).toMatchObject({ status: 401, body: { code: 'auth.invalid_refresh' } });
    expect(await refresh(owner.pair)).toMatchObject({ status: 401, body: { code: 'auth.invalid_refresh' } });
  });

  test('one that has expired, was made up, or is missing is refused', async () => {
    const cookie = refreshCookie(await register('expired'));
    await gateway.app.get(DataSource).query('UPDATE refresh_tokens SET expires_at_ms = 1');
    for (const pair of [cookie.pair, 'baton_refresh=made-up', 'other=1']) {
      expect(await refresh(pair)).toMatchObject({ status: 401, body: { code: 'auth.invalid_refresh' } });
    }
  });

  test('logging out ends the login and forgets the cookie; a second time is no error', async () => {
    const cookie = refreshCookie(await register('leaver'));
    const out = await post('/api/auth/logout', undefined, { cookie: cookie.pair });
    expect(out.status).toBe(204);
    expect(refreshCookie(out).pair).toBe('baton_refresh=');
    expect(await refresh(cookie.pair)).toMatchObject({ status: 401 });
    expect(await post('/api/auth/logout', undefined, { cookie: cookie.pair })).toMatchObject({ status: 204 });
  });

  test('a page of another site cannot use it', async () => {
    const { pair } = refreshCookie(await register('framed'));
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await gateway.ask('/api/auth/refresh', {
        method: 'POST',
        headers: { cookie: pair, ...headers },
      });
      expect(answer).toMatchObject({ status: 403, body: { code: 'auth.foreign_origin' } });
    }
    const own = await gateway.ask('/api/auth/refresh', {
      method: 'POST',
      headers: { cookie: pair, origin: gateway.url },
    });
    expect(own.status).toBe(200);
  });
});

describe('my account', () => {
  test('shows and changes what may be changed, and frees an address', async () => {
    const token = sessionOf(await register('myself', { email: 'me@example.org' })).access_token;
    const change = (json: object): Promise<Answer> =>
      gateway.ask('/api/auth/me', { method: 'PATCH', token, json });
    expect(await change({ locale: 'ru' })).toMatchObject({
      status: 200,
      body: { locale: 'ru', email: 'me@example.org' },
    });
    expect(await change({ email: null })).toMatchObject({ status: 200, body: { email: null, locale: 'ru' } });
    expect(await register('myself2', { email: 'me@example.org' })).toMatchObject({ status: 201 });
    expect(await change({ email: 'ME@example.org' })).toMatchObject({
      status: 409,
      body: { code: 'user.email_taken' },
    });
    for (const json of [{}, { role: 'admin' }, { locale: 'de' }, { username: 'other' }]) {
      expect(await change(json)).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    }
  });
});
