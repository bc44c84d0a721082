import { codeOf } from '@baton/kernel';
import type { Metrics } from '@baton/platform';

export interface GuardMetrics {
  passed(engine: string): void;
  refused(engine: string, error: unknown): void;
}

export function createGuardMetrics(metrics: Metrics, openConnections: () => number): GuardMetrics {
  const requests = metrics.counter({
    name: 'baton_guard_requests_total',
    help: 'Requests that came to the guard, by what became of them',
    labelNames: ['engine', 'outcome', 'code'],
  });
  metrics.gauge({
    name: 'baton_guard_open_connections',
    help: 'Requests and WebSockets that the guard is passing on now',
    collect() {
      this.set(openConnections());
    },
  });
  return {
    passed: (engine) => requests.inc({ engine, outcome: 'passed', code: '' }),
    refused: (engine, error) => requests.inc({ engine, outcome: 'refused', code: codeOf(error) }),
  };
}
