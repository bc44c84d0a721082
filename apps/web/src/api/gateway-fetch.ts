import type { Connection } from './connection.ts';
import { RequestFailed } from './request-failed.ts';
import type { SessionKeeper } from './session.ts';

export type GatewayFetch = (request: Request) => Promise<Response>;

/**
 * `fetch` as somebody: adds the access token, renews it once when the gateway calls it expired, and reports whether
 * the gateway is there. Rejects with `RequestFailed` when there was no answer; an answer of any status resolves.
 */
export function gatewayFetch(session: SessionKeeper, connection: Connection): GatewayFetch {
  const ask = async (request: Request): Promise<Response> => {
    const token = session.accessToken();
    if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
    try {
      const response = await fetch(request);
      connection.report(response.status);
      return response;
    } catch (error) {
      if (request.signal.aborted) throw error;
      connection.report(0);
      throw new RequestFailed(0, null, { cause: error });
    }
  };
  return async (request) => {
    // A request's body can be read once, so the second attempt needs its own copy.
    const second = request.clone();
    const response = await ask(request);
    if (response.status !== 401 || session.snapshot().status !== 'in') return response;
    await response.body?.cancel();
    return (await session.refresh()) ? ask(second) : response;
  };
}
