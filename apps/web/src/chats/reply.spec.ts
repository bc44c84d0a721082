import { describe, expect, test } from '@jest/globals';
import type { ReplyEvent } from '@baton/contracts';
import { applyReplyEvent, freshReply, type LoggedEvent, type ReplyView } from './reply.ts';

const END: ReplyEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

function read(events: readonly LoggedEvent[], from: ReplyView = freshReply('queued')): ReplyView {
  return events.reduce(applyReplyEvent, from);
}

const log: readonly LoggedEvent[] = [
  {
    offset: 90,
    event: {
      type: 'state',
      state: 'queued',
      position: 2,
      reason: { code: 'ahead_in_queue', holder: null },
      eta_p50_ms: 4_000,
      eta_p90_ms: 9_000,
    },
  },
  { offset: 150, event: { type: 'state', state: 'swapping', from: null, to: null, phase: 'free' } },
  { offset: 190, event: { type: 'state', state: 'loading', model: 'llama3' } },
  { offset: 220, event: { type: 'state', state: 'streaming' } },
  { offset: 250, event: { type: 'text', text: 'Hel' } },
  { offset: 280, event: { type: 'text', text: 'lo' } },
  { offset: 400, event: END },
];

describe('a reply read from its log', () => {
  test('a log read to its end gives the whole text and the final state', () => {
    const view = read(log);
    expect(view.text).toBe('Hello');
    expect(view.state).toBe('done');
    expect(view.end).toEqual(END);
  });

  test('events that come twice, as after a reconnect, count once', () => {
    const view = read([...log.slice(0, 5), ...log.slice(2, 7)]);
    expect(view).toEqual(read(log));
  });

  test('a reader that starts again from the beginning loses and doubles nothing', () => {
    const half = read(log.slice(0, 5));
    expect(read(log, half)).toEqual(read(log));
  });

  test('each state shows its own details and none of the state before', () => {
    const queued = read(log.slice(0, 1));
    expect(queued.wait).toEqual({
      position: 2,
      reason: { code: 'ahead_in_queue', holder: null },
      etaP50Ms: 4_000,
      etaP90Ms: 9_000,
    });
    const swapping = read(log.slice(0, 2));
    expect(swapping).toMatchObject({ state: 'swapping', wait: null, swap: { phase: 'free' } });
    const loading = read(log.slice(0, 3));
    expect(loading).toMatchObject({ state: 'loading', swap: null, loadingModel: 'llama3' });
    expect(read(log.slice(0, 4))).toMatchObject({ state: 'streaming', loadingModel: null });
  });

  test('a reset replaces the text, whatever its offset, and the log goes on behind it', () => {
    const before = read(log.slice(0, 6));
    const view = read(
      [
        { offset: 10, event: { type: 'reset', text: 'Hello, all' } },
        { offset: 30, event: { type: 'text', text: ' of you' } },
      ],
      before,
    );
    expect(view.text).toBe('Hello, all of you');
  });

  test('thoughts are gathered apart from the answer', () => {
    const view = read([
      { offset: 10, event: { type: 'state', state: 'streaming' } },
      { offset: 20, event: { type: 'thinking', text: 'First ' } },
      { offset: 30, event: { type: 'thinking', text: 'the primer.' } },
      { offset: 40, event: { type: 'text', text: 'Use a primer.' } },
    ]);
    expect(view).toMatchObject({ thinking: 'First the primer.', text: 'Use a primer.' });
  });

  test('a reset replaces the thoughts too, and keeps who answers and what was found', () => {
    const routing = { asked: 'reasoning', answered: 'qwen3:8b', because: 'task_type' } as const;
    const sources = [{ n: 1, title: 'Paint', url: 'https://paint.example/', snippet: 'Dry wood.' }];
    const view = read([
      { offset: 10, event: { type: 'routed', routing } },
      { offset: 20, event: { type: 'sources', query: 'paint', sources } },
      { offset: 30, event: { type: 'thinking', text: 'Hm' } },
      { offset: 5, event: { type: 'reset', text: 'Use', thinking: 'Hm, a fence.' } },
      { offset: 15, event: { type: 'text', text: ' a primer.' } },
    ]);
    expect(view).toMatchObject({
      text: 'Use a primer.',
      thinking: 'Hm, a fence.',
      routing,
      search: { query: 'paint', sources },
    });
    expect(read([{ offset: 5, event: { type: 'reset', text: 'Use' } }], view).thinking).toBe('');
  });

  test('nothing moves an answer that has ended', () => {
    const ended = read(log);
    const late = read([{ offset: 999, event: { type: 'text', text: ' more' } }], ended);
    expect(late).toBe(ended);
  });

  test('a failure keeps what was written and says why', () => {
    const failed: ReplyEvent = {
      type: 'end',
      state: 'failed',
      code: 'engine.truncated',
      say: 'The answer ended before it was complete.',
      timeline: [],
      usage: null,
    };
    const view = read([...log.slice(0, 5), { offset: 300, event: failed }]);
    expect(view).toMatchObject({ state: 'failed', text: 'Hel', end: { code: 'engine.truncated' } });
  });

  test('a render collects its prompt, its progress, its previews and its images', () => {
    const view = read([
      { offset: 1, event: { type: 'prompt', prompt: 'a lighthouse', seed: 7 } },
      { offset: 2, event: { type: 'state', state: 'rendering' } },
      { offset: 3, event: { type: 'progress', step: 3, steps: 20 } },
      { offset: 4, event: { type: 'preview', revision: 2 } },
      { offset: 5, event: { type: 'image', image_id: 4, width: 512, height: 768 } },
    ]);
    expect(view).toMatchObject({
      state: 'rendering',
      prompt: { prompt: 'a lighthouse', seed: 7 },
      progress: null,
      previewRevision: null,
      images: [{ image_id: 4, width: 512, height: 768 }],
    });
  });

  test('what is told of the next variant stays when the one before is finished', () => {
    const step = { type: 'progress', step: 3, steps: 20, variants: 2 } as const;
    const view = read([
      { offset: 1, event: { ...step, variant: 0, node: 'VAEDecode' } },
      { offset: 2, event: { ...step, variant: 1 } },
      { offset: 3, event: { type: 'preview', revision: 2 } },
      { offset: 4, event: { type: 'image', image_id: 4, width: 512, height: 768, variant: 0 } },
    ]);
    expect(view).toMatchObject({
      progress: { step: 3, steps: 20, variant: 1, variants: 2, node: null },
      previewRevision: 2,
      images: [{ image_id: 4 }],
    });
  });

  test('what the engine is at beside sampling is told', () => {
    const view = read([
      { offset: 1, event: { type: 'progress', step: 20, steps: 20, node: 'VAEDecode' } },
      { offset: 2, event: { type: 'preview', revision: 3 } },
    ]);
    expect(view).toMatchObject({
      progress: { step: 20, node: 'VAEDecode', variant: null, variants: null },
      previewRevision: 3,
    });
  });
});
