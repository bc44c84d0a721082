import type { Dialogue, Message, MultiModelBody } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { userMessageRow } from '../chats/new-messages.ts';
import { titleFrom } from '../chats/title.ts';
import { chatView, messageView, withLiveState } from '../chats/views.ts';
import { GenerationService } from '../replies/generation.service.ts';
import { CastingService } from './casting.service.ts';
import { DialogueRunner } from './dialogue-runner.service.ts';
import { DialoguesRepository, type StoredDialogue } from './dialogues.repository.ts';

/** Chats between models: what a user can do with them. */
@Injectable()
export class DialoguesService {
  private readonly dialogues: DialoguesRepository;
  private readonly chats: ChatsRepository;
  private readonly casting: CastingService;
  private readonly generation: GenerationService;
  private readonly runner: DialogueRunner;
  private readonly clock: Clock;

  constructor(
    dialogues: DialoguesRepository,
    chats: ChatsRepository,
    casting: CastingService,
    generation: GenerationService,
    runner: DialogueRunner,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.dialogues = dialogues;
    this.chats = chats;
    this.casting = casting;
    this.generation = generation;
    this.runner = runner;
    this.clock = clock;
  }

  /** Stores the chat with its opening message; the turns come in the background. @throws AppError `model.unknown`, `request.invalid` */
  async start(userId: number, body: MultiModelBody): Promise<Dialogue> {
    const plan = this.casting.planOf(body);
    const now = this.clock.now();
    const content = body.initial_message;
    const chatId = await this.chats.turn(async (turn) => {
      const title = body.title ?? titleFrom(content);
      const chat = await turn.create({ userId, kind: 'models', title, plan, planState: 'running' }, now);
      await turn.take(chat, content);
      const message = await turn.add(
        userMessageRow({ chatId: chat.id, parentId: null, kind: 'text', content, now }),
      );
      await turn.setLeaf(chat.id, message.id);
      return chat.id;
    });
    this.runner.start(chatId);
    return this.get(userId, chatId);
  }

  /** @throws AppError `chat.not_found` */
  async get(userId: number, chatId: number): Promise<Dialogue> {
    return this.view(await this.find(userId, chatId));
  }

  /** @throws AppError `chat.not_found` */
  async stop(userId: number, chatId: number): Promise<Dialogue> {
    const { state } = await this.find(userId, chatId);
    if (state === 'running') await this.runner.stop(chatId);
    return this.get(userId, chatId);
  }

  /** One that runs or is done stays as it is. @throws AppError `chat.not_found` */
  async resume(userId: number, chatId: number): Promise<Dialogue> {
    const { plan } = await this.find(userId, chatId);
    const again = { state: 'running', plan: { ...plan, error_code: null } } as const;
    if (await this.dialogues.change(chatId, ['stopped', 'failed'], again)) this.runner.start(chatId);
    return this.get(userId, chatId);
  }

  /** The first turn after a message. @throws AppError `chat.not_found` */
  async turnAfter(
    userId: number,
    chatId: number,
    after: number,
  ): Promise<{ turn: Message | null; dialogue: Dialogue }> {
    // The state first: what is over by now has no turn that is not stored.
    const dialogue = await this.get(userId, chatId);
    const row = await this.dialogues.turnAfter(chatId, after);
    const turn = row === null ? null : withLiveState(messageView(row), this.generation.stateOf(row.id));
    return { turn, dialogue };
  }

  private async find(userId: number, chatId: number): Promise<StoredDialogue> {
    const dialogue = await this.dialogues.find(chatId, userId);
    if (dialogue === null) throw new AppError('chat.not_found', { chatId });
    return dialogue;
  }

  private async view({ chat, plan, state }: StoredDialogue): Promise<Dialogue> {
    const current = await this.dialogues.unfinished(chat.id);
    return {
      chat: chatView(chat),
      state,
      turns: plan.turns,
      max_turns: plan.order.length,
      participants: plan.participants.map(({ model, given_prompt: system_prompt }, index) => ({
        index,
        model,
        system_prompt,
      })),
      current_reply_id: current?.id ?? null,
      error_code: plan.error_code,
    };
  }
}
