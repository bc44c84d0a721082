import { describe, expect, test } from '@jest/globals';
import type { Chat, Message } from '@baton/contracts';
import { messagesOf, onlyPage, withBranch, withMessage, withoutMessage, type OpenChat } from './open-chat.ts';

const chat: Chat = {
  id: 1,
  title: 'Fences',
  kind: 'chat',
  pinned: false,
  model: 'llama3',
  temperature: null,
  top_p: null,
  max_tokens: null,
  think: null,
  system_prompt: null,
  created_at: '2026-11-20T10:00:00.000Z',
  updated_at: '2026-11-20T10:00:00.000Z',
};

function said(id: number, parentId: number | null, content = `message ${id}`): Message {
  return {
    id,
    chat_id: 1,
    parent_id: parentId,
    siblings: [id],
    role: id % 2 === 1 ? 'user' : 'assistant',
    kind: 'text',
    content,
    thinking: null,
    model: 'llama3',
    state: 'done',
    error: null,
    attachments: [],
    timeline: [],
    usage: null,
    details: null,
    rating: null,
    created_at: '2026-11-20T10:00:00.000Z',
    edited_at: null,
    finished_at: null,
  };
}

/** The newest page first, as they are read. */
const open: OpenChat = {
  pages: [
    { chat, messages: [said(3, 2), said(4, 3)], previous_cursor: 'older' },
    { chat, messages: [said(1, null), said(2, 1)], previous_cursor: null },
  ],
  pageParams: [null, 'older'],
};
const ids = (chatNow: OpenChat): number[] => messagesOf(chatNow).map(({ id }) => id);

describe('an open chat', () => {
  test('its pages are one conversation, oldest first', () => {
    expect(ids(open)).toEqual([1, 2, 3, 4]);
  });

  test('a message that is in two pages is shown once, as the newer page has it', () => {
    const overlapping: OpenChat = {
      ...open,
      pages: [
        { chat, messages: [said(2, 1, 'newer'), said(3, 2)], previous_cursor: 'older' },
        { chat, messages: [said(1, null), said(2, 1, 'older')], previous_cursor: null },
      ],
    };
    expect(ids(overlapping)).toEqual([1, 2, 3]);
    expect(messagesOf(overlapping)[1]?.content).toBe('newer');
  });

  test('a question behind the last message goes on with the branch', () => {
    expect(ids(withBranch(open, [said(5, 4), said(6, 5)]))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('another version takes what it replaces and all behind it off the screen, in every page', () => {
    expect(ids(withBranch(open, [said(7, 2), said(8, 7)]))).toEqual([1, 2, 7, 8]);
    expect(ids(withBranch(open, [said(9, null), said(10, 9)]))).toEqual([9, 10]);
    expect(ids(withBranch(open, [said(8, 3)]))).toEqual([1, 2, 3, 8]);
  });

  test('what follows a message that has not been read yet is put at the end', () => {
    const newest = onlyPage({ chat, messages: [said(3, 2), said(4, 3)], previous_cursor: 'older' });
    expect(ids(withBranch(newest, [said(6, 99)]))).toEqual([3, 4, 6]);
  });

  test('the same message once more changes nothing', () => {
    const once = withBranch(open, [said(5, 4), said(6, 5)]);
    expect(ids(withBranch(once, [said(5, 4), said(6, 5)]))).toEqual(ids(once));
  });

  test('a changed message is changed and a deleted one is gone, whatever page has it', () => {
    expect(messagesOf(withMessage(open, said(2, 1, 'other words')))[1]?.content).toBe('other words');
    expect(ids(withoutMessage(open, 2))).toEqual([1, 3, 4]);
  });
});
