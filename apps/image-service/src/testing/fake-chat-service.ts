import {
  addImageMessages,
  finishImageMessage,
  forgetImageMessages,
  listGoneMessages,
  listModels,
  listOpenImageMessages,
  type CallContract,
  type Message,
  type SentMessage,
} from '@baton/contracts';
import { AppError, type ErrorCode } from '@baton/kernel';
import type { CallClient } from '@baton/platform';
import type { z } from 'zod';

type End = z.output<typeof finishImageMessage.request>;

interface OpenMessage {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly hasChat?: boolean;
  readonly description: string;
  readonly wish?: Record<string, unknown>;
}

/** Ids of hidden chats lie above this. */
export const HIDDEN_CHAT = 9_000_000;
/** Those of chats that were made for a request, and are listed, between this and that. */
export const LISTED_CHAT = 5_000_000;

const CREATED_AT = '2026-11-20T10:00:00.000Z';

/** chat-service as image-service knows it: messages that are open until they are ended, and a list of models. */
export class FakeChatService implements Pick<CallClient, 'call'> {
  readonly open = new Map<number, OpenMessage>();
  readonly ends: End[] = [];
  /** Messages that were deleted. */
  readonly gone = new Set<number>();
  /** Messages without a chat that nothing is left of. */
  readonly forgotten: number[] = [];
  models = ['gpt-oss:20b'];
  /** Called after an end was taken in. */
  onEnd: (end: End) => void | Promise<void> = () => undefined;
  /** Calls of this kind are carried out, and their next answer is lost. */
  losesAnswerOf: string | null = null;
  private awayFor = new Set<string>();
  private awayWith: ErrorCode = 'call.unreachable';
  private nextId = 1;

  /** Calls of these kinds fail until `return`; all kinds when none is named. */
  leave(...contracts: readonly { readonly name: string }[]): void {
    const all = [addImageMessages, finishImageMessage, listModels, listOpenImageMessages];
    this.awayFor = new Set((contracts.length > 0 ? contracts : all).map(({ name }) => name));
  }

  return(): void {
    this.awayFor.clear();
  }

  async call<Request extends z.ZodType, Reply extends z.ZodType>(
    contract: CallContract<Request, Reply>,
    payload: z.input<Request>,
  ): Promise<z.output<Reply>> {
    if (this.awayFor.has(contract.name)) throw new AppError(this.awayWith);
    const request = contract.request.parse(payload);
    const reply = contract.reply.parse(await this.answer(contract.name, request));
    if (this.losesAnswerOf !== contract.name) return reply;
    this.losesAnswerOf = null;
    throw new AppError('call.timeout');
  }

  private async answer(name: string, request: unknown): Promise<unknown> {
    switch (name) {
      case addImageMessages.name:
        return this.begin(request as z.output<typeof addImageMessages.request>);
      case finishImageMessage.name:
        return this.finish(request as End);
      case listOpenImageMessages.name:
        return { messages: [...this.open.values()] };
      case listModels.name:
        return {
          models: this.models.map((model) => ({
            model,
            size_bytes: 1,
            parameter_size: null,
            capabilities: model.startsWith('llava') ? ['completion', 'vision'] : ['completion'],
            is_default: true,
          })),
          default_model: this.models[0] ?? 'gpt-oss:20b',
          simulated: true,
        };
      case listGoneMessages.name: {
        const { messageIds } = request as z.output<typeof listGoneMessages.request>;
        return { gone: messageIds.filter((id) => this.gone.has(id)) };
      }
      case forgetImageMessages.name: {
        const { messageIds } = request as z.output<typeof forgetImageMessages.request>;
        this.forgotten.push(...messageIds);
        return { forgotten: messageIds.length };
      }
      default:
        throw new AppError('call.refused', { call: name });
    }
  }

  /** A request without a chat gets one of its own. */
  private begin({ chatId, isListed, ...rest }: z.output<typeof addImageMessages.request>): SentMessage {
    const own = (isListed ? LISTED_CHAT : HIDDEN_CHAT) + this.nextId;
    return this.add({ ...rest, chatId: chatId ?? own, hasChat: chatId !== null || isListed });
  }

  add({
    userId,
    chatId,
    hasChat = true,
    description,
    wish = {},
  }: Omit<OpenMessage, 'messageId'>): SentMessage {
    const [userMessage, messageId] = [this.nextId, this.nextId + 1];
    this.nextId += 2;
    this.open.set(messageId, { messageId, userId, chatId, hasChat, description, wish });
    const rest = {
      chat_id: chatId,
      kind: 'image' as const,
      model: null,
      error: null,
      attachments: [],
      timeline: [],
      usage: null,
      parent_id: null,
      thinking: null,
      details: null,
      rating: null,
      edited_at: null,
      created_at: CREATED_AT,
    } satisfies Partial<Message>;
    return {
      message: {
        ...rest,
        id: userMessage,
        siblings: [userMessage],
        role: 'user',
        state: 'done',
        content: description,
        finished_at: CREATED_AT,
      },
      reply: {
        ...rest,
        id: messageId,
        siblings: [messageId],
        role: 'assistant',
        state: 'queued',
        content: '',
        finished_at: null,
      },
    };
  }

  private async finish(end: End): Promise<{ stored: boolean }> {
    const stored = this.open.delete(end.messageId);
    this.ends.push(end);
    await this.onEnd(end);
    return { stored };
  }
}
