import { describe, expect, test } from '@jest/globals';
import { parseNvidiaSmiLine, parseNvidiaSmiProcess } from './nvidia-smi-line.ts';

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

describe("a line of nvidia-smi's list of processes", () => {
  test.each([
    ['5120, /usr/local/bin/python3, 9214', { pid: 5_120, name: 'python3', usedMib: 9_214 }],
    ['77, python main.py --port 8188, 412', { pid: 77, name: 'python', usedMib: 412 }],
    ['4, C:\\Games\\game.exe, [N/A]', { pid: 4, name: 'game.exe', usedMib: null }],
    ['8, [Not Found], [Insufficient Permissions]', { pid: 8, name: '[Not', usedMib: null }],
  ])('%s names one, without folder and arguments', (line, expected) => {
    expect(parseNvidiaSmiProcess(line)).toEqual(expected);
  });

  test.each([['No running processes found'], ['No devices were found'], [''], ['0, x, 1'], ['12']])(
    '%j names none',
    (line) => {
      expect(parseNvidiaSmiProcess(line)).toBeNull();
    },
  );
});
