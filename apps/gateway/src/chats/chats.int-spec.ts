import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CHAT_LIMITS,
  cancelImage,
  deleteMessage,
  editMessage,
  exportChat,
  getChat,
  importChat,
  rateMessage,
  regenerateReply,
  selectMessage,
  type ChatFile,
} from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { CHAT, reply } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';

let gateway: GatewayHarness;
let token: string;
let userId: number;

beforeAll(async () => {
  gateway = await GatewayHarness.start({ REQUESTS_PER_MINUTE: '5000' });
  token = await gateway.register('someone');
  const me = await gateway.ask('/api/auth/me', { token });
  userId = (me.body as { id: number }).id;
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.fake.reset());

function asked(call: string): unknown {
  return gateway.fake.asked.find((one) => one.call === call)?.request;
}

describe('messages', () => {
  const name = { chatId: 1, messageId: 2 };

  test('are edited, rated and selected in the caller’s name', async () => {
    gateway.fake.on(editMessage, () => reply(2, { content: 'new' }));
    gateway.fake.on(rateMessage, () => reply(2, { rating: 'up' }));
    gateway.fake.on(selectMessage, () => ({ chat: CHAT, messages: [reply(2)], previous_cursor: null }));
    const path = '/api/chats/1/messages/2';
    const edited = await gateway.ask(path, { method: 'PUT', token, json: { content: ' new ' } });
    expect(edited).toMatchObject({ status: 200, body: { content: 'new' } });
    expect(asked('message.edit')).toEqual({ userId, ...name, body: { content: 'new' } });
    const rated = await gateway.ask(`${path}/rating`, { method: 'PUT', token, json: { rating: 'up' } });
    expect(rated).toMatchObject({ status: 200, body: { rating: 'up' } });
    const selected = await gateway.ask(`${path}/select`, { method: 'POST', token });
    expect(selected).toMatchObject({ status: 200, body: { messages: [{ id: 2 }] } });
    expect(asked('message.select')).toEqual({ userId, ...name });
  });

  test('that are pictures under way are stopped when they are deleted', async () => {
    const remove = () => gateway.ask('/api/chats/1/messages/2', { method: 'DELETE', token });
    gateway.fake.on(deleteMessage, () => ({ deleted: true as const, kind: 'text' as const }));
    expect((await remove()).status).toBe(204);
    expect(asked('image.cancel')).toBeUndefined();
    gateway.fake.on(deleteMessage, () => ({ deleted: true as const, kind: 'image' as const }));
    gateway.fake.on(cancelImage, () => {
      throw new AppError('image.not_found');
    });
    expect((await remove()).status).toBe(204);
    expect(asked('image.cancel')).toEqual({ userId, messageId: 2 });
  });

  test('are answered again with and without wishes', async () => {
    gateway.fake.on(regenerateReply, () => reply(3));
    const path = '/api/chats/1/messages/2/regenerate';
    expect(await gateway.ask(path, { method: 'POST', token })).toMatchObject({
      status: 201,
      body: { id: 3 },
    });
    expect(asked('reply.regenerate')).toEqual({ userId, ...name });
    gateway.fake.asked.length = 0;
    await gateway.ask(path, { method: 'POST', token, json: { engine: 'gpu', think: 'low' } });
    expect(asked('reply.regenerate')).toEqual({ userId, ...name, body: { engine: 'gpu', think: 'low' } });
  });

  test('come in pages', async () => {
    gateway.fake.on(getChat, () => ({ chat: CHAT, messages: [], previous_cursor: 'abc' }));
    const page = await gateway.ask('/api/chats/1?limit=20&before=xyz', { token });
    expect(page).toMatchObject({ status: 200, body: { previous_cursor: 'abc' } });
    expect(asked('chat.get')).toEqual({ userId, chatId: 1, limit: 20, before: 'xyz' });
  });
});

describe('a chat as a file', () => {
  test('is saved under its title, in a header that every browser reads', async () => {
    const saved = {
      file_name: 'Крашу забор.md',
      media_type: 'text/markdown',
      text: '# Крашу забор\n',
    } as const;
    gateway.fake.on(exportChat, () => saved);
    const file = await gateway.ask('/api/chats/7/export', { token });
    expect(file).toMatchObject({ status: 200, body: '# Крашу забор\n' });
    expect(file.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(file.headers.get('content-disposition')).toBe(
      `attachment; filename="chat-7.md"; filename*=UTF-8''${encodeURIComponent('Крашу забор.md')}`,
    );
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(asked('chat.export')).toEqual({ userId, chatId: 7, format: 'markdown' });
  });

  const SAID = {
    id: 1,
    parent_id: null,
    role: 'user',
    content: 'x'.repeat(900_000),
    thinking: null,
    model: null,
    created_at: '2026-11-20T10:05:00.000Z',
    shown: true,
  } as const;
  const FILE: ChatFile = {
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
    messages: [SAID],
  };

  function send(json: object) {
    return gateway.ask('/api/chats/import', { method: 'POST', token, json });
  }

  test('comes back though it is larger than other requests may be', async () => {
    gateway.fake.on(importChat, () => CHAT);
    const messages = [SAID, ...[2, 3, 4, 5, 6].map((id) => ({ ...SAID, id, parent_id: 1 }))];
    expect(await send({ ...FILE, messages })).toMatchObject({ status: 201, body: { id: 1 } });
    expect(asked('chat.import')).toEqual({ userId, file: { ...FILE, messages } });
  });

  test('is refused above its limit, and where it is wrong the field is named', async () => {
    const huge = await send({ ...FILE, filler: 'x'.repeat(CHAT_LIMITS.fileBytes) });
    expect(huge).toMatchObject({ status: 413, body: { code: 'request.too_large' } });
    const wrong = await send({ ...FILE, messages: [{ ...SAID, content: 'x', role: 'system' }] });
    expect(wrong).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ field: 'messages.0.role' }] },
    });
    const all = await send({ ...FILE, messages: Array.from({ length: 5_000 }, () => ({})) });
    expect((all.body as { errors: unknown[] }).errors).toHaveLength(50);
    expect(gateway.fake.asked).toEqual([]);
  });
});
