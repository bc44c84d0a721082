import { expect, test } from '@jest/globals';
import type { Pull } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import type { ReplyLog } from '@baton/platform';
import { quietLog } from '../testing/databases.ts';
import type { ModelKeeper } from './model-keeper.ts';
import { PullRun } from './pull-run.ts';
import type { PullsStore } from './pulls.store.ts';

const PULL: Pull = {
  ...{ id: '5b1d3e3a-52f4-4d0c-8f0e-0c8f5ea1c0f4', model: 'phi3', server: '1', state: 'running' },
  ...{ status: '', completed_bytes: 0, total_bytes: 0, error_code: null },
  started_at: new Date(0).toISOString(),
};

test('a download that ends while somebody looks whether it should leaves no timer behind', async () => {
  const clock = new FakeClock();
  const nothing = (): Promise<void> => Promise.resolve();
  let answerLook: (isToBeCancelled: boolean) => void = () => undefined;
  const store = {
    ...{ keep: nothing, end: nothing, release: nothing, renew: () => Promise.resolve(true) },
    isToBeCancelled: () => new Promise<boolean>((resolve) => (answerLook = resolve)),
  } as unknown as PullsStore;
  const log = { append: () => undefined, flush: nothing, close: nothing } as unknown as ReplyLog;
  let finish: () => void = () => undefined;
  const keeper = {
    async *pull() {
      await new Promise<void>((resolve) => (finish = resolve));
      yield Buffer.from('{"status":"success"}\n');
    },
  } as unknown as ModelKeeper;
  const logs = { resume: () => Promise.resolve(log) };
  const server = { server: '1', keeper, look: nothing };
  const run = new PullRun(PULL, { store, logs, server, clock, log: quietLog, runner: 'tried' });
  const ended = run.run();
  await clock.advance(1_000);
  finish();
  await ended;
  answerLook(false);
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
});
