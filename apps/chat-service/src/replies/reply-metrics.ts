import type { EndEvent } from '@baton/contracts';
import { Metrics } from '@baton/platform';
import { Injectable } from '@nestjs/common';

const SECOND_MS = 1_000;

/** What is counted about replies. Models are the administrator's choice, so there are few; users are never a label. */
@Injectable()
export class ReplyMetrics {
  private readonly replies;
  private readonly tokens;
  private readonly firstToken;
  private readonly active;

  constructor(metrics: Metrics) {
    this.replies = metrics.counter({
      name: 'baton_replies_total',
      help: 'Replies that ended, by outcome and error code',
      labelNames: ['outcome', 'code'],
    });
    this.tokens = metrics.counter({
      name: 'baton_reply_tokens_total',
      help: 'Tokens read and written by the engine',
      labelNames: ['model', 'kind'],
    });
    this.firstToken = metrics.histogram({
      name: 'baton_reply_first_token_seconds',
      help: 'From asking for the GPU to the first token',
      labelNames: ['model'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    });
    this.active = metrics.gauge({
      name: 'baton_replies_active',
      help: 'Replies under way, waiting ones included',
    });
  }

  setActive(count: number): void {
    this.active.set(count);
  }

  ended(model: string, end: EndEvent): void {
    this.replies.inc({ outcome: end.state, code: end.code ?? '' });
    // What comes from the cache was counted when an engine said it.
    if (end.usage !== null && end.details?.engine !== 'cache') {
      this.tokens.inc({ model, kind: 'prompt' }, end.usage.prompt_tokens);
      this.tokens.inc({ model, kind: 'completion' }, end.usage.completion_tokens);
    }
    const last = end.timeline.at(-1);
    if (last !== undefined && last.first_ms !== null) {
      this.firstToken.observe({ model }, (last.queued_ms + last.first_ms) / SECOND_MS);
    }
  }
}
