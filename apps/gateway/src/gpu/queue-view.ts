import type { QueueEntry, QueueView } from '@baton/contracts';

type Entry = QueueView['entries'][number];

/**
 * The queue as `userId` may see it. What others wait for stays theirs: of their requests only place and kind are told,
 * not the model, the chat, or the reason and estimate, from which both could be guessed.
 */
export function queueViewFor(userId: number, entries: readonly QueueEntry[]): QueueView {
  return { entries: [...entries].sort(byTurn).map((entry) => redact(userId, entry)) };
}

function redact(userId: number, entry: QueueEntry): Entry {
  const { kind, running, view } = entry;
  const seenByAll = { kind, running, position: running ? null : (view?.position ?? null) };
  if (entry.userId !== userId) {
    return {
      mine: false,
      ...seenByAll,
      reason: null,
      eta_p50_ms: null,
      eta_p90_ms: null,
      lane: null,
      chat_id: null,
      message_id: null,
    };
  }
  return {
    mine: true,
    ...seenByAll,
    reason: view?.reason ?? null,
    eta_p50_ms: view?.etaP50Ms ?? null,
    eta_p90_ms: view?.etaP90Ms ?? null,
    lane: entry.lane,
    chat_id: entry.chatId,
    message_id: entry.messageId,
  };
}

/** Running ones first, then by place; those whose place is not known yet stand behind, oldest first. */
function byTurn(a: QueueEntry, b: QueueEntry): number {
  if (a.running !== b.running) return a.running ? -1 : 1;
  const places = (a.view?.position ?? Infinity) - (b.view?.position ?? Infinity);
  return Number.isNaN(places) || places === 0 ? a.submittedAtMs - b.submittedAtMs : places;
}
