import { describe, expect, test } from '@jest/globals';
import { CHAT_LIMITS } from '@baton/contracts';
import { readBatchLines } from './batch-lines.ts';

describe('the questions in a text', () => {
  test('every line that is not empty is one, whatever ends it', () => {
    expect(readBatchLines('\uFEFFWhat is red?\r\n\n  What is blue?  \n')).toEqual({
      requests: [{ message: 'What is red?' }, { message: 'What is blue?' }],
      faults: [],
    });
  });

  test('JSON Lines may name their questions; other fields are passed over', () => {
    const text = '{"message":"What is red?","custom_id":"a"}\n{"message":"And blue?","tag":1}';
    expect(readBatchLines(text)).toEqual({
      requests: [{ message: 'What is red?', custom_id: 'a' }, { message: 'And blue?' }],
      faults: [],
    });
  });

  test('a bad line is told with its number and costs none of the others', () => {
    const text = [
      '{"message":"What is red?","custom_id":"a"}',
      '',
      '{"message":',
      '{"text":"no"}',
      '{"message":"  "}',
      '{"message":"What is blue?","custom_id":"a"}',
      '{"message":"What is green?"}',
    ].join('\n');
    expect(readBatchLines(text)).toEqual({
      requests: [{ message: 'What is red?', custom_id: 'a' }, { message: 'What is green?' }],
      faults: [
        { line: 3, why: 'not_json' },
        { line: 4, why: 'no_message' },
        { line: 5, why: 'no_message' },
        { line: 6, why: 'repeated_id' },
      ],
    });
  });

  test('a line may be as long as a message, and no longer', () => {
    const longest = 'a'.repeat(CHAT_LIMITS.messageChars);
    expect(readBatchLines(longest).faults).toEqual([]);
    expect(readBatchLines(`${longest}b`).faults).toEqual([{ line: 1, why: 'too_long' }]);
  });

  test('nothing is in nothing', () => {
    expect(readBatchLines(' \n ')).toEqual({ requests: [], faults: [] });
  });
});
