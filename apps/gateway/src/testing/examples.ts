import type { Chat, GpuStatus, Message, QueueEntry, SentMessage } from '@baton/contracts';

/** Well-formed things for the fakes to answer with. */
export const CHAT: Chat = {
  id: 1,
  title: 'A fence',
  kind: 'chat',
  pinned: false,
  model: 'llama3.2',
  temperature: null,
  top_p: null,
  max_tokens: null,
  think: null,
  system_prompt: null,
  created_at: '2026-11-20T10:00:00.000Z',
  updated_at: '2026-11-20T10:00:00.000Z',
};

export function reply(id: number, changes: Partial<Message> = {}): Message {
  return {
    id,
    chat_id: 1,
    parent_id: null,
    siblings: [id],
    role: 'assistant',
    kind: 'text',
    content: '',
    thinking: null,
    model: 'llama3.2',
    state: 'queued',
    error: null,
    attachments: [],
    timeline: [],
    usage: null,
    details: null,
    rating: null,
    created_at: '2026-11-20T10:00:00.000Z',
    edited_at: null,
    finished_at: null,
    ...changes,
  };
}

export function sent(replyId: number): SentMessage {
  return {
    message: reply(replyId - 1, { role: 'user', content: 'How?', state: 'done' }),
    reply: reply(replyId),
  };
}

export function gpuStatusOf(changes: Partial<GpuStatus> = {}): GpuStatus {
  return {
    node: 'gpu0',
    phase: 'idle',
    holder: null,
    holder_since_ms: null,
    swap: null,
    last_swap: null,
    running: 0,
    waiting: 0,
    card: { name: 'Simulated card', total_mib: 24_576, used_mib: 0, foreign_mib: null, simulated: true },
    engines: [],
    at_ms: 1_700_000_000_000,
    ...changes,
  };
}

export function queueEntryOf(userId: number, changes: Partial<QueueEntry> = {}): QueueEntry {
  return {
    jobId: `reply-${userId}-1`,
    userId,
    chatId: 10 + userId,
    messageId: 20 + userId,
    kind: 'reply',
    lane: { engine: 'ollama', model: 'secret-model' },
    running: false,
    submittedAtMs: 1_700_000_000_000,
    view: {
      jobId: `reply-${userId}-1`,
      stage: 'queued',
      position: 1,
      reason: { code: 'ahead_in_queue', holder: { engine: 'ollama', model: 'secret-model' } },
      etaP50Ms: 1_000,
      etaP90Ms: 2_000,
      swap: null,
    },
    ...changes,
  };
}
