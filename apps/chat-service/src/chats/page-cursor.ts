import { AppError } from '@baton/kernel';
import { z } from 'zod';
import type { ChatRow } from './chat.entity.ts';

/** Where a page of chats ended: the last chat's place in the order pinned, updated, id (all falling). */
export interface PagePosition {
  readonly pinned: boolean;
  readonly updatedAt: number;
  readonly id: number;
}

const encoded = z.tuple([z.literal([0, 1]), z.int().nonnegative(), z.int().positive()]);
const encodedMessage = z.tuple([z.int().positive()]);

export function encodeCursor({
  pinned,
  updatedAt,
  id,
}: Pick<ChatRow, 'pinned' | 'updatedAt' | 'id'>): string {
  return Buffer.from(JSON.stringify([pinned ? 1 : 0, updatedAt, id])).toString('base64url');
}

/** @throws AppError `request.invalid` for anything that `encodeCursor` did not write */
export function decodeCursor(cursor: string): PagePosition {
  const parsed = encoded.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success) throw refusal('cursor', 'must be the next_cursor of the page before');
  const [pinned, updatedAt, id] = parsed.data;
  return { pinned: pinned === 1, updatedAt, id };
}

/** Where a page of messages goes on: the newest message before those that were shown. */
export function encodeMessageCursor(messageId: number): string {
  return Buffer.from(JSON.stringify([messageId])).toString('base64url');
}

/** @throws AppError `request.invalid` for anything that `encodeMessageCursor` did not write */
export function decodeMessageCursor(cursor: string): number {
  const parsed = encodedMessage.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success) throw refusal('before', 'must be the previous_cursor of the page after');
  return parsed.data[0];
}

function refusal(path: string, message: string): AppError {
  return new AppError('request.invalid', {}, { issues: [{ path, message }] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
