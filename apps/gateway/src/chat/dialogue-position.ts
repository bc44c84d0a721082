import { AppError } from '@baton/kernel';

/** How far a reader of a chat between models is: behind an event of a turn's log, or behind the whole turn. */
export type DialoguePosition =
  | { readonly replyId: number; readonly offset: number; readonly isEnded: false }
  | { readonly replyId: number; readonly isEnded: true };

export const BEGINNING: DialoguePosition = { replyId: 0, isEnded: true };

/** `12-340`: behind byte 340 of reply 12; `12-end`: behind its last event. */
export function positionId(replyId: number, offset: number | 'end'): string {
  return `${replyId}-${offset}`;
}

/** @throws AppError `request.invalid` that names the header */
export function parsePosition(header: string | undefined): DialoguePosition {
  if (header === undefined || header === '') return BEGINNING;
  const [, reply, offset] = /^(\d{1,15})-(\d{1,15}|end)$/.exec(header) ?? [];
  if (reply === undefined || offset === undefined) throw invalidPosition();
  const replyId = Number(reply);
  return offset === 'end' ? { replyId, isEnded: true } : { replyId, offset: Number(offset), isEnded: false };
}

export function invalidPosition(): AppError {
  const issues = [{ path: 'Last-Event-ID', message: 'must be the id of an event of this chat' }];
  return new AppError('request.invalid', {}, { issues });
}
