import { describe, expect, test } from '@jest/globals';
import { laneKey, type Lane } from '@baton/contracts';
import { chooseNode, type NodeLoad } from './placement.ts';

const LLAMA: Lane = { engine: 'ollama', instance: 'main', model: 'llama:8b' };
const QWEN: Lane = { engine: 'ollama', instance: 'main', model: 'qwen' };
const IMAGES: Lane = { engine: 'comfyui' };

function load(
  node: string,
  over: Partial<NonNullable<NodeLoad['status']>> = {},
  own: readonly Lane[] = [],
): NodeLoad {
  const status = { phase: 'idle', holder: null, swap: null, waiting: 0, running: 0, ...over } as const;
  return { node, isLed: true, own: own.map(laneKey), status };
}
const HAS_LLAMA = { holder: { engine: 'ollama', model: 'llama:8b' } } as const;

describe('a job goes', () => {
  test('where its model is, also when it has to wait there a little', () => {
    expect(chooseNode(LLAMA, [load('gpu0'), load('gpu1', HAS_LLAMA)])).toBe('gpu1');
    const busy = load('gpu1', { ...HAS_LLAMA, phase: 'serving', running: 1, waiting: 3 });
    expect(chooseNode(LLAMA, [load('gpu0'), busy])).toBe('gpu1');
  });

  test('elsewhere when the queue there is much longer', () => {
    const crowded = load('gpu1', { ...HAS_LLAMA, phase: 'serving', running: 1, waiting: 30 });
    expect(chooseNode(LLAMA, [load('gpu0'), crowded])).toBe('gpu0');
  });

  test('where its model is about to be, and not where it is about to leave', () => {
    const swap = {
      id: 's',
      from: null,
      to: { engine: 'comfyui', model: null },
      phase: 'free',
      started_at_ms: 1,
    } as const;
    const leaving = load('gpu0', { ...HAS_LLAMA, phase: 'swapping', swap });
    expect(chooseNode(IMAGES, [load('gpu1'), leaving])).toBe('gpu0');
    expect(chooseNode(LLAMA, [leaving, load('gpu1')])).toBe('gpu1');
  });

  test('to the node that is free first', () => {
    const serving = load('gpu0', { ...HAS_LLAMA, phase: 'serving', running: 1 });
    expect(chooseNode(QWEN, [serving, load('gpu1')])).toBe('gpu1');
    expect(chooseNode(QWEN, [load('gpu0', { phase: 'swapping' }), load('gpu1')])).toBe('gpu1');
    expect(chooseNode(QWEN, [load('gpu0'), load('gpu1')])).toBe('gpu0');
  });

  test('by what this process has just placed, before the schedulers have told of it', () => {
    expect(chooseNode(QWEN, [load('gpu0', {}, [LLAMA]), load('gpu1')])).toBe('gpu1');
    expect(chooseNode(LLAMA, [load('gpu1'), load('gpu0', {}, [LLAMA])])).toBe('gpu0');
  });

  test('to no node that cannot serve, unless none can', () => {
    const away = load('gpu0', { ...HAS_LLAMA, phase: 'unavailable' });
    const leaderless = { ...load('gpu1'), isLed: false };
    expect(chooseNode(LLAMA, [away, load('gpu2')])).toBe('gpu2');
    expect(chooseNode(LLAMA, [leaderless, load('gpu2')])).toBe('gpu2');
    expect(chooseNode(LLAMA, [away, leaderless])).toBe('gpu0');
    expect(chooseNode(LLAMA, [])).toBeNull();
  });
});
