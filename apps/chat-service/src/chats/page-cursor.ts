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
  if (!parsed.success) {
    throw new AppError(
      'request.invalid',
      {},
      {
        issues: [{ path: 'cursor', message: 'must be the next_cursor of the page before' }],
      },
    );
  }
  const [pinned, updatedAt, id] = parsed.data;
  return { pinned: pinned === 1, updatedAt, id };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
