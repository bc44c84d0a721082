import { expect, test } from '@jest/globals';
import { queueView } from '@baton/contracts';
import { queueEntryOf } from '../testing/examples.ts';
import { queueViewFor } from './queue-view.ts';

test('my own requests are shown in full', () => {
  const [entry] = queueViewFor(1, [queueEntryOf(1)]).entries;
  expect(entry).toEqual({
    mine: true,
    kind: 'reply',
    running: false,
    position: 1,
    reason: { code: 'ahead_in_queue', holder: { engine: 'ollama', model: 'secret-model' } },
    eta_p50_ms: 1_000,
    eta_p90_ms: 2_000,
    lane: { engine: 'ollama', model: 'secret-model' },
    chat_id: 11,
    message_id: 21,
  });
});

test('of other people’s requests only place and kind are told', () => {
  const view = queueViewFor(1, [queueEntryOf(2, { kind: 'render' })]);
  expect(view.entries).toEqual([
    {
      mine: false,
      kind: 'render',
      running: false,
      position: 1,
      reason: null,
      eta_p50_ms: null,
      eta_p90_ms: null,
      lane: null,
      chat_id: null,
      message_id: null,
    },
  ]);
  expect(JSON.stringify(view)).not.toMatch(/secret-model|reply-2|12|22/);
});

test('running requests come first, then by place, and those without a place behind', () => {
  const view = queueViewFor(9, [
    queueEntryOf(1, { view: null, kind: 'prompting' }),
    queueEntryOf(2),
    queueEntryOf(3, { running: true, view: null, kind: 'render' }),
  ]);
  expect(view.entries.map(({ kind, running, position }) => [kind, running, position])).toEqual([
    ['render', true, null],
    ['reply', false, 1],
    ['prompting', false, null],
  ]);
  expect(queueView.parse(view)).toEqual(view);
});
