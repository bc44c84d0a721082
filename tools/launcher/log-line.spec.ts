import { expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { renderLine } from './log-line.ts';

function plain(line: string, verbosity: 'normal' | 'verbose' = 'normal'): string | null {
  const shown = renderLine('gateway', line, verbosity);
  return shown === null ? null : stripVTControlCharacters(shown);
}

test('an event shows its service, its operation and its figures', () => {
  const shown = plain(
    '{"level":"info","time":0,"service":"gateway","op":"http.request","ms":3,"route":"/api/chats"}',
  );
  expect(shown).toMatch(/^\d\d:\d\d:\d\d gateway {8} {1}http\.request ms=3 route=\/api\/chats$/);
});

test('a warning says that it is one', () => {
  expect(plain('{"level":"warn","time":0,"op":"redis.lost"}')).toContain('warn redis.lost');
});

test('health checks and debug messages show only when asked for, a failing health check always', () => {
  const health = '{"level":"info","op":"http.request","path":"/health/ready"}';
  const debug = '{"level":"debug","op":"nest.log"}';
  expect([plain(health), plain(debug)]).toEqual([null, null]);
  expect(plain(health, 'verbose')).toContain('/health/ready');
  expect(plain(debug, 'verbose')).toContain('nest.log');
  expect(plain(health.replace('info', 'error'))).toContain('error http.request');
});

test('a line that is no log entry is passed on, an empty one is not', () => {
  expect(plain('Segmentation fault')).toContain('Segmentation fault');
  expect(plain('{ not json')).toContain('{ not json');
  expect(plain('  ')).toBeNull();
});
