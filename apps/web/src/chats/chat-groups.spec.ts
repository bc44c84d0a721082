import { describe, expect, test } from '@jest/globals';
import type { Chat } from '@baton/contracts';
import { groupChats } from './chat-groups.ts';

const NOW = new Date(2026, 10, 20, 15, 0);

function chat(id: number, updated: Date, pinned = false): Chat {
  const updatedAt = updated.toISOString();
  return {
    id,
    title: `chat ${id}`,
    kind: 'chat',
    pinned,
    model: null,
    temperature: null,
    top_p: null,
    think: null,
    max_tokens: null,
    system_prompt: null,
    created_at: updatedAt,
    updated_at: updatedAt,
  };
}

describe('the headings of the chat list', () => {
  test('pinned chats come first whatever their age, the others by day', () => {
    const groups = groupChats(
      [
        chat(1, new Date(2026, 10, 20, 0, 1)),
        chat(2, new Date(2026, 10, 19, 23, 59)),
        chat(3, new Date(2026, 9, 1), true),
        chat(4, new Date(2026, 10, 12, 23, 59)),
      ],
      NOW,
    );
    expect(groups.map(({ name, chats }) => [name, chats.map(({ id }) => id)])).toEqual([
      ['pinned', [3]],
      ['today', [1]],
      ['week', [2]],
      ['older', [4]],
    ]);
  });

  test('within a heading the order of the gateway is kept', () => {
    const today = new Date(2026, 10, 20, 9, 0);
    expect(groupChats([chat(9, today), chat(2, today)], NOW)[0]?.chats.map(({ id }) => id)).toEqual([9, 2]);
  });

  test('without chats there are no headings', () => {
    expect(groupChats([], NOW)).toEqual([]);
  });
});
