import { describe, expect, test } from '@jest/globals';
import type { WaitingView } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import { FairSlots, type GiveBack } from './fair-slots.ts';

function setUp(max = 1) {
  const clock = new FakeClock();
  const slots = new FairSlots(max, clock);
  const held: string[] = [];
  const views = new Map<string, WaitingView>();
  const backs = new Map<string, GiveBack>();
  const stops = new Map<string, AbortController>();
  const ask = (jobId: string, userId: number, urgency: 'interactive' | 'background' = 'interactive') => {
    const stop = new AbortController();
    stops.set(jobId, stop);
    const taking = slots.take({
      ...{ jobId, userId, urgency, estimateMs: 1_000, signal: stop.signal },
      onWaiting: (view) => views.set(jobId, view),
    });
    return taking.then((giveBack) => {
      held.push(jobId);
      backs.set(jobId, giveBack);
    });
  };
  const giveBack = async (jobId: string): Promise<void> => {
    backs.get(jobId)?.();
    await clock.advance(0);
  };
  return { clock, slots, held, views, stops, ask, giveBack };
}

describe('slots', () => {
  test('so many at a time, the others one after the other', async () => {
    const { slots, held, ask, giveBack } = setUp(2);
    for (const id of ['a', 'b', 'c']) void ask(id, 1);
    await giveBack('nobody');
    expect(held).toEqual(['a', 'b']);
    expect(slots).toMatchObject({ running: 2, waiting: 1 });
    await giveBack('a');
    await giveBack('a');
    expect(held).toEqual(['a', 'b', 'c']);
    expect(slots).toMatchObject({ running: 2, waiting: 0 });
  });

  test('users take turns, however many answers one of them asks for', async () => {
    const { held, ask, giveBack } = setUp();
    for (const id of ['a1', 'a2', 'a3']) void ask(id, 1);
    void ask('b1', 2);
    void ask('b2', 2);
    for (const id of ['nobody', 'a1', 'b1', 'a2', 'b2']) await giveBack(id);
    expect(held).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });

  test('background work waits for everybody, but not for ever', async () => {
    const { clock, held, ask, giveBack } = setUp();
    await ask('a', 1);
    void ask('batch', 2, 'background');
    void ask('b', 1);
    await giveBack('a');
    expect(held).toEqual(['a', 'b']);
    await clock.advance(10 * 60_000);
    void ask('c', 3);
    await giveBack('b');
    expect(held).toEqual(['a', 'b', 'batch']);
  });

  test('everybody is told their place and a wait, and again when somebody leaves', async () => {
    const { clock, views, stops, ask } = setUp();
    await ask('a', 1);
    await clock.advance(400);
    const leaving = ask('b', 2);
    void ask('c', 3);
    expect(views.get('b')).toMatchObject({ position: 1, etaP50Ms: 600, stage: 'queued' });
    expect(views.get('c')).toMatchObject({ position: 2, etaP50Ms: 1_600, etaP90Ms: 3_200 });
    stops.get('b')?.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    expect(views.get('c')).toMatchObject({ position: 1, etaP50Ms: 600 });
  });

  test('whoever has left already gets no slot', async () => {
    const { slots } = setUp();
    const signal = AbortSignal.abort();
    const request = { jobId: 'a', userId: 1, urgency: 'interactive', estimateMs: 1, signal } as const;
    await expect(slots.take({ ...request, onWaiting: () => undefined })).rejects.toMatchObject({
      code: 'gpu.job_cancelled',
    });
    expect(slots).toMatchObject({ running: 0, waiting: 0 });
  });
});
