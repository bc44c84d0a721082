import { describe, expect, test } from '@jest/globals';
import { parseNvidiaSmiLine } from './nvidia-smi-line.ts';

describe('a line of nvidia-smi', () => {
  test('is a reading in MiB', () => {
    expect(parseNvidiaSmiLine('NVIDIA GeForce RTX 3090, 24576, 412')).toEqual({
      name: 'NVIDIA GeForce RTX 3090',
      totalMib: 24_576,
      usedMib: 412,
    });
  });

  test('may have commas in the name', () => {
    expect(parseNvidiaSmiLine('NVIDIA H200, MIG 1g.18gb, 143771, 0')?.name).toBe('NVIDIA H200, MIG 1g.18gb');
  });

  test.each([
    ['no card', 'No devices were found'],
    ['no figure', 'NVIDIA GB10, [N/A], [N/A]'],
    ['an error', 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'],
    ['nothing', ''],
  ])('with %s is no reading', (_, line) => {
    expect(parseNvidiaSmiLine(line)).toBeNull();
  });
});
