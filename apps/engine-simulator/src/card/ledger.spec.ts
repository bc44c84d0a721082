import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CardOutOfMemory, Ledger } from './ledger.ts';

const OLLAMA = { engine: 'ollama', pid: 1, contextBytes: 10 } as const;
const COMFYUI = { engine: 'comfyui', pid: 2, contextBytes: 10 } as const;
const weights = (bytes: number) => ({ label: 'model', kind: 'weights', bytes }) as const;

describe('memory', () => {
  test('what does not fit is refused and changes nothing', () => {
    const ledger = new Ledger(100);
    const context = ledger.open(OLLAMA, 0);
    const held = ledger.alloc(context, weights(60), 0);
    expect(() => ledger.alloc(context, weights(31), 0)).toThrow(CardOutOfMemory);
    expect(() => ledger.resize(context, held.id, 91, 0)).toThrow(CardOutOfMemory);
    expect(ledger.usage()).toEqual({ totalBytes: 100, usedBytes: 70, freeBytes: 30 });
    expect(ledger.resize(context, held.id, 90, 0).bytes).toBe(90);
  });

  test('a process that has gone is counted until the driver reports it', () => {
    const ledger = new Ledger(100);
    const context = ledger.open(OLLAMA, 0);
    ledger.alloc(context, weights(50), 0);
    ledger.vanish(context, 5);
    expect(ledger.usage().usedBytes).toBe(60);
    expect(ledger.processes()).toEqual([expect.objectContaining({ pid: 1, isAlive: false, usedBytes: 60 })]);
    ledger.reclaim(context, 9);
    expect(ledger.usage().usedBytes).toBe(0);
  });

  test('freeing a running process is not possible for the driver', () => {
    const ledger = new Ledger(100);
    const context = ledger.open(OLLAMA, 0);
    ledger.reclaim(context, 1);
    expect(ledger.usage().usedBytes).toBe(10);
  });

  test('whatever is asked, the sum of the processes is what is used, and never more than there is', () => {
    const step = fc.record({
      what: fc.constantFrom('open', 'alloc', 'resize', 'free', 'vanish', 'reclaim'),
      which: fc.nat(5),
      bytes: fc.nat(80),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger(200);
        const contexts: string[] = [];
        const held: { context: string; id: string }[] = [];
        steps.forEach(({ what, which, bytes }, now) => {
          const context = contexts[which % Math.max(1, contexts.length)];
          const memory = held[which % Math.max(1, held.length)];
          try {
            if (what === 'open') contexts.push(ledger.open({ ...COMFYUI, contextBytes: bytes }, now));
            else if (what === 'alloc' && context) {
              held.push({ context, id: ledger.alloc(context, weights(bytes), now).id });
            } else if (what === 'resize' && memory) ledger.resize(memory.context, memory.id, bytes, now);
            else if (what === 'free' && memory) ledger.free(memory.context, memory.id, now);
            else if (what === 'vanish' && context) ledger.vanish(context, now);
            else if (what === 'reclaim' && context) ledger.reclaim(context, now);
          } catch (cause) {
            if (!(cause instanceof Error)) throw cause;
          }
          const { usedBytes, totalBytes } = ledger.usage();
          const sum = ledger.processes().reduce((total, process) => total + process.usedBytes, 0);
          expect(sum).toBe(usedBytes);
          expect(usedBytes).toBeLessThanOrEqual(totalBytes);
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('the judge', () => {
  test('weights of both engines at once are an overlap with its length', () => {
    const ledger = new Ledger(1_000);
    const ollama = ledger.open(OLLAMA, 0);
    const comfyui = ledger.open(COMFYUI, 0);
    const model = ledger.alloc(ollama, weights(100), 10);
    ledger.alloc(comfyui, weights(100), 20);
    expect(ledger.overlaps(25)).toMatchObject({ overlapCount: 1, maxOverlapMs: 5 });
    ledger.free(ollama, model.id, 50);
    expect(ledger.overlaps(90)).toEqual({
      overlaps: [{ at: 20, engines: ['comfyui', 'ollama'], ms: 30, isOver: true }],
      overlapCount: 1,
      maxOverlapMs: 30,
    });
  });

  test('a bare context and scratch memory do not count as loaded', () => {
    const ledger = new Ledger(1_000);
    const ollama = ledger.open(OLLAMA, 0);
    const comfyui = ledger.open(COMFYUI, 0);
    ledger.alloc(ollama, weights(100), 1);
    ledger.alloc(comfyui, { label: 'decode', kind: 'scratch', bytes: 100 }, 2);
    expect(ledger.overlaps(9).overlapCount).toBe(0);
  });

  test('memory that the driver has not given back yet still counts', () => {
    const ledger = new Ledger(1_000);
    const ollama = ledger.open(OLLAMA, 0);
    ledger.alloc(ollama, weights(100), 0);
    ledger.vanish(ollama, 10);
    ledger.alloc(ledger.open(COMFYUI, 11), weights(100), 12);
    ledger.reclaim(ollama, 20);
    expect(ledger.overlaps(30)).toMatchObject({ overlapCount: 1, maxOverlapMs: 8 });
  });

  test('two models of one engine, or a foreign process, are no overlap', () => {
    const ledger = new Ledger(1_000);
    ledger.alloc(ledger.open(OLLAMA, 0), weights(100), 0);
    ledger.alloc(ledger.open(OLLAMA, 0), weights(100), 0);
    ledger.alloc(ledger.open({ engine: 'foreign', pid: 9, contextBytes: 0 }, 0), weights(100), 0);
    expect(ledger.overlaps(9).overlapCount).toBe(0);
  });

  test('a forgotten overlap that goes on is found again', () => {
    const ledger = new Ledger(1_000);
    ledger.alloc(ledger.open(OLLAMA, 0), weights(100), 0);
    ledger.alloc(ledger.open(COMFYUI, 0), weights(100), 5);
    ledger.forgetOverlaps(50);
    expect(ledger.overlaps(60)).toMatchObject({ overlapCount: 1, maxOverlapMs: 10 });
  });
});
