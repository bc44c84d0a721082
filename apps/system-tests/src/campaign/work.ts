import { createHash } from 'node:crypto';
import { isFinalState } from '@baton/contracts';
import type { EngineName, Message } from '@baton/contracts';
import { eventually } from '@baton/testing';
import type { Follower } from '../testing/follower.ts';
import type { Person } from '../testing/person.ts';

/** Late is not lost: the slowest thing that may be waited for is a call of two minutes to an engine that hangs. */
const END_TIMEOUT_MS = 240_000;
const READ_TIMEOUT_MS = 20_000;

/** One message that somebody sent. */
export interface Piece {
  readonly kind: 'reply' | 'render';
  readonly person: Person;
  readonly chatId: number;
  /** Nobody else says this: the engine's list of what it finished is searched for it. */
  readonly words: string;
  /** Null when it was not accepted, or nobody knows. */
  readonly follower: Follower | null;
  readonly replyId: number | null;
}

/** What became of it. */
export interface Ending {
  readonly piece: Piece;
  readonly state: 'done' | 'failed' | 'cancelled' | 'refused' | 'lost';
  readonly code: string | null;
  /** What is wrong with it; empty is good. */
  readonly complaints: readonly string[];
  /** Under which the engine lists it as finished; null when it never came so far. */
  readonly key: { readonly engine: EngineName; readonly key: string } | null;
}

/** Sends it and begins to follow. A refusal is an answer too. */
export async function send(kind: Piece['kind'], person: Person, words: string): Promise<Piece> {
  const chatId = await person.newChat();
  const sent = await (kind === 'reply' ? person.say(chatId, words) : person.draw(chatId, words)).catch(
    () => null,
  );
  const replyId = sent?.reply.id ?? null;
  const follower = replyId === null ? null : person.follow(replyId);
  return { kind, person, chatId, words, follower, replyId };
}

/** Waits for its end and looks at what is left of it: at the stream, at the message, at the picture. */
export async function endingOf(piece: Piece): Promise<Ending> {
  const { person, chatId, follower, replyId, kind } = piece;
  const key = (): Ending['key'] => keyOf(piece);
  if (follower === null || replyId === null) return refused(piece);
  const end = await follower.ended(END_TIMEOUT_MS).catch(() => null);
  const message = await read(() => person.reply(replyId));
  await follower.leave();
  if (end === null || message === null || !isFinalState(message.state)) {
    const seen = `the stream ${end === null ? 'never ended' : `ended as ${end.state}`}, the message is ${message?.state ?? 'unreadable'}`;
    return { piece, state: 'lost', code: null, complaints: [seen], key: key() };
  }
  const complaints = await complaintsAbout(piece, end.state, message);
  const answers = (await read(() => person.messages(chatId)))?.filter(({ role }) => role === 'assistant');
  if (answers?.length !== 1) complaints.push(`${answers?.length ?? 'unreadable'} answers to one message`);
  if (kind === 'reply' && message.state === 'done' && follower.text !== message.content)
    complaints.push('the streamed text is not the stored text');
  return {
    piece,
    state: message.state as 'done' | 'failed' | 'cancelled',
    code: message.error?.code ?? null,
    complaints,
    key: key(),
  };
}

/** A message that nobody heard the acceptance of may have been taken in all the same, and then it ends as others do. */
async function refused(piece: Piece): Promise<Ending> {
  const isOver = await eventually(
    async () => {
      const messages = await piece.person.messages(piece.chatId);
      return messages.every(({ role, state }) => role === 'user' || isFinalState(state));
    },
    { timeoutMs: END_TIMEOUT_MS, everyMs: 200 },
  ).catch(() => false);
  const complaints = isOver ? [] : ['it was taken in without an answer, and never ended'];
  return { piece, state: isOver ? 'refused' : 'lost', code: null, complaints, key: keyOf(piece) };
}

async function complaintsAbout(piece: Piece, streamed: string, message: Message): Promise<string[]> {
  const complaints: string[] = [];
  if (streamed !== message.state) complaints.push(`it ended as ${streamed} and is ${message.state}`);
  if (message.state === 'failed' && message.error === null) complaints.push('it failed without a code');
  if (piece.kind === 'reply' || message.state !== 'done') return complaints;
  const pictures = await read(() => piece.person.images(message.id));
  if (pictures?.length !== 1) complaints.push(`${pictures?.length ?? 'unreadable'} pictures`);
  for (const { id } of pictures ?? []) {
    const file = await read(() => piece.person.download(`/api/images/${id}/file`));
    if (file === null || file.length === 0) complaints.push('its picture cannot be had');
  }
  return complaints;
}

/** Reads again while a service is on its way back. */
async function read<T extends object>(look: () => Promise<T>): Promise<T | null> {
  return eventually(look, { timeoutMs: READ_TIMEOUT_MS, everyMs: 100 }).catch(() => null);
}

function keyOf({ kind, words, follower }: Piece): Ending['key'] {
  if (kind === 'reply') {
    // As the simulated card writes it down: a question is told apart, not repeated.
    return { engine: 'ollama', key: createHash('sha256').update(words).digest('hex').slice(0, 32) };
  }
  const prompt = follower?.events.find((event) => event.type === 'prompt');
  return prompt?.type === 'prompt' ? { engine: 'comfyui', key: String(prompt.seed) } : null;
}
