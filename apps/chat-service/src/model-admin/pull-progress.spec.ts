import { describe, expect, test } from '@jest/globals';
import { PullTally } from './pull-progress.ts';

function tallyOf(...lines: object[]): PullTally {
  const tally = new PullTally();
  for (const line of lines) tally.take(JSON.stringify(line));
  return tally;
}

const LAYER = { digest: `sha256:${'a'.repeat(64)}`, total: 1_000 };
const OTHER = { digest: `sha256:${'b'.repeat(64)}`, total: 50 };

describe('what Ollama tells of a download', () => {
  test('adds up over the layers, each line standing for its whole layer', () => {
    const tally = tallyOf(
      { status: 'pulling manifest' },
      { status: 'pulling aaaaaaaaaaaa', ...LAYER },
      { status: 'pulling aaaaaaaaaaaa', ...LAYER, completed: 400 },
      { status: 'pulling bbbbbbbbbbbb', ...OTHER, completed: 50 },
      { status: 'pulling aaaaaaaaaaaa', ...LAYER, completed: 900 },
    );
    expect(tally.progress).toEqual({ status: 'downloading', completedBytes: 950, totalBytes: 1_050 });
    expect(tally.isComplete).toBe(false);
  });

  test('a layer that is said to have more than there is counts as full', () => {
    expect(tallyOf({ status: 'x', ...OTHER, completed: 60 }).progress.completedBytes).toBe(50);
  });

  test('is complete with its word alone', () => {
    expect(tallyOf({ status: 'writing manifest' }).isComplete).toBe(false);
    expect(tallyOf({ status: 'writing manifest' }, { status: 'success' }).isComplete).toBe(true);
  });

  test.each([
    [{ error: 'pull model manifest: file does not exist' }, 'pull.model_unknown'],
    [{ error: 'max retries exceeded: unexpected EOF' }, 'model.pull_failed'],
    [{ error: 'write /models/blobs: no space left on device' }, 'model.pull_failed'],
    [{ status: 5 }, 'model.pull_failed'],
  ])('%j is %s', (line, code) => {
    expect(() => tallyOf(line)).toThrow(expect.objectContaining({ code }));
  });

  test('a line that is no JSON is a failure', () => {
    expect(() => new PullTally().take('<html>')).toThrow(
      expect.objectContaining({ code: 'model.pull_failed' }),
    );
  });
});
