import { replyEvent, type planEvent } from '@baton/contracts';
import type { z } from 'zod';
import type { EventSink, ServerEvent } from '../sse/event-sink.ts';

/** For who waits for the end of a reply and for nothing else. */
export function endOnly(signal: AbortSignal): EventSink {
  return {
    signal,
    start: () => undefined,
    write: () => undefined,
    isCongested: false,
    drained: () => Promise.resolve(),
  };
}

/**
 * The reply that makes the plan of a pair, as the reader of the answer sees it: its text is the plan, and its end is
 * told only when there will be no answer. Its positions are of another log than the answer's, so they are left out.
 */
export function planSink(sink: EventSink): EventSink {
  return {
    get signal() {
      return sink.signal;
    },
    get isCongested() {
      return sink.isCongested;
    },
    start: () => sink.start(),
    drained: () => sink.drained(),
    write: (event) => {
      const shown = asPlan(event);
      if (shown !== null) sink.write(shown);
    },
  };
}

function asPlan({ event, json }: ServerEvent): ServerEvent | null {
  if (event === 'thinking') return null;
  if (event === 'text') {
    const { text } = replyEvent.parse(JSON.parse(json)) as { readonly text: string };
    const plan: z.output<typeof planEvent> = { type: 'plan', text };
    return { event: 'plan', json: JSON.stringify(plan) };
  }
  if (event === 'end') {
    const { state } = replyEvent.parse(JSON.parse(json)) as { readonly state: string };
    if (state === 'done') return null;
  }
  return { event, json };
}
