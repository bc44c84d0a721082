import { describe, expect, test } from '@jest/globals';
import type { ChatFile } from '@baton/contracts';
import { fileNameOf, issuesOf, markdownOf, withWords } from './chat-file.ts';

type Said = ChatFile['messages'][number];

function said(id: number, parentId: number | null, more: Partial<Said> = {}): Said {
  return {
    id,
    parent_id: parentId,
    role: 'user',
    content: `message ${id}`,
    thinking: null,
    model: null,
    created_at: '2026-11-20T10:05:00.000Z',
    shown: true,
    ...more,
  };
}

function file(...messages: Said[]): ChatFile {
  return {
    format: 'baton-chat',
    version: 1,
    exported_at: '2026-11-21T10:00:00.000Z',
    chat: {
      title: 'A fence',
      model: null,
      temperature: null,
      top_p: null,
      max_tokens: null,
      think: null,
      system_prompt: null,
    },
    messages,
  };
}

describe('a chat file', () => {
  test('is wrong where a parent does not come before its child, and where an id is there twice', () => {
    expect(issuesOf(file(said(1, null), said(2, 1)))).toEqual([]);
    const paths = (...messages: Said[]) => issuesOf(file(...messages)).map(({ path }) => path);
    expect(paths(said(2, 1), said(1, null))).toEqual(['messages.0.parent_id']);
    expect(paths(said(1, null), said(2, 9))).toEqual(['messages.1.parent_id']);
    expect(paths(said(1, 1))).toEqual(['messages.0.parent_id']);
    expect(paths(said(1, null), said(1, null))).toEqual(['messages.1.id']);
  });

  test('does not list every fault of a file that is wrong from beginning to end', () => {
    const wrong = Array.from({ length: 5_000 }, (_, index) => said(index + 1, 99_999));
    expect(issuesOf(file(...wrong))).toHaveLength(20);
  });

  test('holds no message without words: what followed it follows the one before', () => {
    const messages = [said(1, null), said(2, 1, { content: ' ' }), said(3, 2, { content: '' }), said(4, 3)];
    expect(withWords(messages).map(({ id, parent_id: parentId }) => [id, parentId])).toEqual([
      [1, null],
      [4, 1],
    ]);
  });
});

test('as Markdown the open branch can be read', () => {
  const chat = file(
    said(1, null, { content: 'How do I paint a fence?' }),
    said(2, 1, { role: 'assistant', model: 'llama3:8b', content: 'Badly.', shown: false }),
    said(3, 1, { role: 'assistant', model: 'llama3:8b', content: '1. Clean it.\n2. Paint it.' }),
  );
  const text = markdownOf({ ...chat, chat: { ...chat.chat, system_prompt: 'Be brief.\n\nBe kind.' } });
  expect(text).toBe(
    [
      '# A fence',
      '> Be brief.\n>\n> Be kind.',
      '## You · 2026-11-20 10:05 UTC',
      'How do I paint a fence?',
      '## llama3:8b · 2026-11-20 10:05 UTC',
      '1. Clean it.\n2. Paint it.\n',
    ].join('\n\n'),
  );
});

describe('the name of the file', () => {
  test.each([
    ['A fence, painted white', 'A fence painted white.md'],
    ['Крашу забор', 'Крашу забор.md'],
    ['../../etc/passwd', 'etc passwd.md'],
    ['a\r\nb: "c"', 'a b c.md'],
    ['🙂', 'chat-7.md'],
    ['', 'chat-7.md'],
    ['...', 'chat-7.md'],
  ])('of %j is %j', (title, name) => {
    expect(fileNameOf(title, 7, 'md')).toBe(name);
  });

  test('has an end', () => {
    expect(fileNameOf('я'.repeat(200), 7, 'json')).toBe(`${'я'.repeat(60)}.json`);
  });
});
