import type { EndEvent } from '@baton/contracts';
import { Metrics } from '@baton/platform';
import { Injectable } from '@nestjs/common';

/** What is counted about renders; users are never a label. */
@Injectable()
export class RenderMetrics {
  private readonly renders;
  private readonly seconds;
  private readonly active;

  constructor(metrics: Metrics) {
    this.renders = metrics.counter({
      name: 'baton_renders_total',
      help: 'Image requests that ended, by outcome and error code',
      labelNames: ['outcome', 'code'],
    });
    this.seconds = metrics.histogram({
      name: 'baton_render_seconds',
      help: 'From the request to the stored picture, waiting included',
      buckets: [1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640],
    });
    this.active = metrics.gauge({
      name: 'baton_renders_active',
      help: 'Image requests under way, waiting ones included',
    });
  }

  setActive(count: number): void {
    this.active.set(count);
  }

  ended({ state, code }: EndEvent, ms: number): void {
    this.renders.inc({ outcome: state, code: code ?? '' });
    if (state === 'done') this.seconds.observe(ms / 1_000);
  }
}
