import { expect, test } from '@jest/globals';
import { AppError } from '@baton/kernel';
import { endEventOf, errorOf, parseReplyLog } from './reply-end.ts';

const MEASURED = { timeline: [], usage: null };

test.each([
  ['success', null, 'done', null],
  ['a cancelled job', new AppError('gpu.job_cancelled'), 'cancelled', null],
  ['a known failure', new AppError('engine.stalled'), 'failed', 'engine.stalled'],
  ['a failure of our own', new TypeError('secret'), 'failed', 'internal'],
])('%s ends a message as it should', (_, failure, state, code) => {
  const end = endEventOf(failure, MEASURED);
  expect(end).toMatchObject({ state, code });
  expect(JSON.stringify(end)).not.toContain('secret');
  expect(errorOf(end)).toEqual(code === null ? null : { code, say: expect.any(String) });
});

test('a log is read event by event, and what is no event is passed over', () => {
  const log =
    '{"type":"text","text":"a"}\n{"type":"from the future"}\nnot json\n{"type":"text","text":"b"}\n';
  expect(parseReplyLog(log)).toEqual([
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ]);
  expect(parseReplyLog('')).toEqual([]);
});
