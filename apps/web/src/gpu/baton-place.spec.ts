import { describe, expect, test } from '@jest/globals';
import type { GpuStatus, SwapPhase } from '@baton/contracts';
import { batonPlace, SWAP_PHASES } from './baton-place.ts';

const OLLAMA = { engine: 'ollama', model: 'llama3' } as const;
const COMFYUI = { engine: 'comfyui', model: null } as const;

function status(of: Partial<GpuStatus>): GpuStatus {
  return {
    node: 'gpu0',
    phase: 'idle',
    holder: null,
    holder_since_ms: null,
    swap: null,
    last_swap: null,
    running: 0,
    waiting: 0,
    card: null,
    engines: [],
    at_ms: 1,
    ...of,
  };
}

function swapping(from: GpuStatus['holder'], to: GpuStatus['holder'], phase: SwapPhase): GpuStatus {
  return status({ phase: 'swapping', swap: { id: 's', from, to, phase, started_at_ms: 1 } });
}

describe('where the baton is drawn', () => {
  test('it lies with the holder', () => {
    expect(batonPlace(status({ holder: OLLAMA }))).toBe(0);
    expect(batonPlace(status({ holder: COMFYUI }))).toBe(1);
  });

  test('nobody has it on an idle, empty card', () => {
    expect(batonPlace(status({}))).toBeNull();
  });

  test('each phase of a hand-over brings it nearer to the next holder and never back', () => {
    const places = SWAP_PHASES.map((phase) => batonPlace(swapping(OLLAMA, COMFYUI, phase)) ?? -1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(SWAP_PHASES.length);
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(Math.max(...places)).toBeLessThan(1);
  });

  test('the way home is the same way back', () => {
    const out = batonPlace(swapping(OLLAMA, COMFYUI, 'free')) ?? 0;
    const home = batonPlace(swapping(COMFYUI, OLLAMA, 'free')) ?? 0;
    expect(out + home).toBeCloseTo(1);
  });

  test('from an empty card, or between two models of one engine, it stays where it will be', () => {
    expect(batonPlace(swapping(null, COMFYUI, 'load'))).toBe(1);
    expect(batonPlace(swapping(OLLAMA, { engine: 'ollama', model: 'qwen3' }, 'free'))).toBe(0);
  });
});
