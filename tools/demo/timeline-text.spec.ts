import { expect, test } from '@jest/globals';
import { renderTimeline } from './timeline-text.ts';

const ollama = { engine: 'ollama' as const, model: 'gpt-oss:20b' };
const comfyui = { engine: 'comfyui' as const, model: null };

test('a message that found the GPU ready has no swap', () => {
  const lines = renderTimeline([{ lane: ollama, queued_ms: 4, swap: null, first_ms: 210, total_ms: 1_900 }]);
  expect(lines.map((line) => line.trim().replace(/ {2,}/g, ' = '))).toEqual([
    'queued for ollama (gpt-oss:20b) = 4 ms',
    'first token = 210 ms',
    'done = 1,900 ms',
  ]);
});

test('the phases of a swap stand below the wait that they are part of', () => {
  const swap = {
    id: 's1',
    from: ollama,
    to: comfyui,
    phases: [
      { phase: 'drain' as const, ms: 3 },
      { phase: 'verify' as const, ms: 400 },
    ],
    total_ms: 403,
  };
  const lines = renderTimeline([{ lane: comfyui, queued_ms: 410, swap, first_ms: null, total_ms: 9_000 }]);
  expect(lines.map((line) => line.trim().replace(/ {2,}/g, ' = '))).toEqual([
    'queued for comfyui = 410 ms',
    'of that, swap from ollama to comfyui = 403 ms',
    'drain = 3 ms',
    'verify = 400 ms',
    'first step = none',
    'done = 9,000 ms',
  ]);
});
