import { describe, expect, test } from '@jest/globals';
import type { Message, ReplyEvent } from '@baton/contracts';
import { ReplyFeeds, type FeedEvent } from './reply-feed.ts';
import type { ReplyView } from './reply.ts';

const message: Message = {
  id: 5,
  chat_id: 1,
  parent_id: 4,
  siblings: [5],
  role: 'assistant',
  kind: 'text',
  content: '',
  thinking: null,
  model: 'llama3',
  state: 'queued',
  error: null,
  attachments: [],
  timeline: [],
  usage: null,
  details: null,
  rating: null,
  created_at: '2026-11-20T10:00:00.000Z',
  edited_at: null,
  finished_at: null,
};

interface Reading {
  readonly onEvent: (event: FeedEvent) => 'go-on' | 'stop';
  readonly signal: AbortSignal;
}

/** A page whose paints and logs the test holds in its hands. */
function page() {
  const readings: Reading[] = [];
  const ends: ReplyView[] = [];
  let frame: (() => void) | null = null;
  const feeds = new ReplyFeeds({
    read: (_, onEvent, signal) => readings.push({ onEvent, signal }),
    beforePaint: (run) => {
      frame = run;
      return () => {
        frame = null;
      };
    },
    onEnd: (_, view) => ends.push(view),
  });
  const paint = (): void => {
    const run = frame;
    frame = null;
    run?.();
  };
  return { feeds, readings, ends, paint };
}

const event = (id: number, data: ReplyEvent): FeedEvent => ({ id: String(id), data: JSON.stringify(data) });
const END: ReplyEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

function feedOf(feeds: ReplyFeeds) {
  const feed = feeds.of(message);
  if (feed === null) throw new Error('a running message has a feed');
  return feed;
}

describe('the feed of a running answer', () => {
  test('a reason that this page does not know yet costs neither the place nor the estimate', () => {
    const { feeds, readings, paint } = page();
    const feed = feedOf(feeds);
    feed.subscribe(() => undefined);
    const queued = { type: 'state', state: 'queued', position: 3, eta_p50_ms: 4_000, eta_p90_ms: 9_000 };
    const reason = { code: 'a_reason_of_tomorrow', holder: null };
    readings[0]?.onEvent({ id: '10', data: JSON.stringify({ ...queued, reason }) });
    paint();
    expect(feed.snapshot().wait).toEqual({ position: 3, reason: null, etaP50Ms: 4_000, etaP90Ms: 9_000 });
  });

  test('many tokens between two paints are shown by one change', () => {
    const { feeds, readings, paint } = page();
    const feed = feedOf(feeds);
    let changes = 0;
    feed.subscribe(() => (changes += 1));
    for (let index = 1; index <= 50; index += 1) {
      readings[0]?.onEvent(event(index, { type: 'text', text: 'a' }));
    }
    expect(feed.snapshot().text).toBe('');
    paint();
    expect(changes).toBe(1);
    expect(feed.snapshot().text).toBe('a'.repeat(50));
  });

  test('the log is closed when nobody looks, and read on without doubling when somebody does', () => {
    const { feeds, readings, paint } = page();
    const feed = feedOf(feeds);
    const leave = feed.subscribe(() => undefined);
    readings[0]?.onEvent(event(10, { type: 'text', text: 'Hel' }));
    paint();
    leave();
    expect(readings[0]?.signal.aborted).toBe(true);
    feedOf(feeds).subscribe(() => undefined);
    readings[1]?.onEvent(event(10, { type: 'text', text: 'Hel' }));
    readings[1]?.onEvent(event(20, { type: 'text', text: 'lo' }));
    paint();
    expect(feed.snapshot().text).toBe('Hello');
  });

  test('the end stops the reading and is told once', () => {
    const { feeds, readings, ends, paint } = page();
    feedOf(feeds).subscribe(() => undefined);
    expect(readings[0]?.onEvent(event(10, { type: 'text', text: 'Hi' }))).toBe('go-on');
    expect(readings[0]?.onEvent(event(20, END))).toBe('stop');
    paint();
    paint();
    expect(ends.map((view) => [view.state, view.text])).toEqual([['done', 'Hi']]);
  });

  test('an end that came while the page was being left is told when it is seen again', () => {
    const { feeds, readings, ends, paint } = page();
    const feed = feedOf(feeds);
    const leave = feed.subscribe(() => undefined);
    readings[0]?.onEvent(event(20, END));
    leave();
    feed.subscribe(() => undefined);
    paint();
    expect(ends).toHaveLength(1);
    expect(readings).toHaveLength(1);
  });

  test('an event of an unknown kind or that is no JSON does not break the answer', () => {
    const { feeds, readings, paint } = page();
    const feed = feedOf(feeds);
    feed.subscribe(() => undefined);
    expect(readings[0]?.onEvent({ id: '5', data: '{"type":"later"}' })).toBe('go-on');
    expect(readings[0]?.onEvent({ id: '6', data: 'nonsense' })).toBe('go-on');
    readings[0]?.onEvent(event(9, { type: 'text', text: 'ok' }));
    paint();
    expect(feed.snapshot().text).toBe('ok');
  });

  test('an answer asked for anew starts empty', () => {
    const { feeds, readings, paint } = page();
    feedOf(feeds).subscribe(() => undefined);
    readings[0]?.onEvent(event(10, { type: 'text', text: 'old' }));
    paint();
    feeds.drop(message.id);
    expect(readings[0]?.signal.aborted).toBe(true);
    expect(feedOf(feeds).snapshot().text).toBe('');
  });

  test('a finished message has no feed', () => {
    expect(page().feeds.of({ ...message, state: 'done' })).toBeNull();
  });
});
