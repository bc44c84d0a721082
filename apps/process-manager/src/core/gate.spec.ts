import { describe, expect, test } from '@jest/globals';
import { Gate, type Owner } from './gate.ts';

const llama: Owner = { key: 'ollama:main:llama', engine: 'ollama' };
const comfyui: Owner = { key: 'comfyui', engine: 'comfyui' };

function openGate(fence = 5): Gate {
  const gate = new Gate(0);
  gate.seeFence(fence);
  gate.open(llama);
  gate.admit({ leaseId: 'a', fence, owner: llama });
  return gate;
}

const refusal = (act: () => unknown): unknown => {
  try {
    act();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the gate', () => {
  test('lets an admitted lease with its fence through to the owner', () => {
    expect(openGate().check({ leaseId: 'a', fence: 5, engine: 'ollama' }).leaseId).toBe('a');
  });

  test.each([
    ['without a lease', { leaseId: undefined, fence: 5, engine: 'ollama' }, 'gpu.lease_required'],
    ['without a fence', { leaseId: 'a', fence: undefined, engine: 'ollama' }, 'gpu.lease_required'],
    ['with a lease that nobody admitted', { leaseId: 'b', fence: 5, engine: 'ollama' }, 'gpu.lease_required'],
    ['with an older fence', { leaseId: 'a', fence: 4, engine: 'ollama' }, 'gpu.stale_fence'],
    [
      'with a newer fence than the lease has',
      { leaseId: 'a', fence: 6, engine: 'ollama' },
      'gpu.stale_fence',
    ],
    ['to the other engine', { leaseId: 'a', fence: 5, engine: 'comfyui' }, 'gpu.lease_lost'],
  ])('refuses a request %s', (_, passage, code) => {
    expect(refusal(() => openGate().check(passage))).toBe(code);
  });

  test('closed, lets nothing through and admits nobody', () => {
    const gate = openGate();
    gate.close();
    expect(refusal(() => gate.check({ leaseId: 'a', fence: 5, engine: 'ollama' }))).toBe('gpu.lease_lost');
    expect(refusal(() => gate.admit({ leaseId: 'b', fence: 5, owner: llama }))).toBe('gpu.swap_failed');
  });

  test('a lease of an earlier turn does not pass in a later one of the same lane', () => {
    const gate = openGate();
    gate.close();
    gate.seeFence(6);
    gate.open(llama);
    expect(refusal(() => gate.check({ leaseId: 'a', fence: 5, engine: 'ollama' }))).toBe('gpu.stale_fence');
  });

  test('admits only for the lane that owns the GPU, and not with an older fence', () => {
    const gate = openGate();
    expect(refusal(() => gate.admit({ leaseId: 'b', fence: 5, owner: comfyui }))).toBe('gpu.swap_failed');
    expect(refusal(() => gate.admit({ leaseId: 'b', fence: 4, owner: llama }))).toBe('gpu.stale_fence');
  });

  test('a revoked lease cannot be admitted again', () => {
    const gate = openGate();
    expect(gate.revoke('a')).toBe(true);
    expect(refusal(() => gate.admit({ leaseId: 'a', fence: 5, owner: llama }))).toBe('gpu.lease_lost');
    expect(refusal(() => gate.check({ leaseId: 'a', fence: 5, engine: 'ollama' }))).toBe(
      'gpu.lease_required',
    );
  });

  test('a refused admission does not raise the fence', () => {
    const gate = openGate();
    expect(refusal(() => gate.admit({ leaseId: 'b', fence: 9, owner: comfyui }))).toBe('gpu.swap_failed');
    expect(gate.highestFence).toBe(5);
  });
});
