import { codeOf, exhaustive, pause, untilItWorks, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AnswersService } from '../asks/answers.service.ts';
import { DialoguesRepository, type StoredDialogue } from './dialogues.repository.ts';
import { nextStep, type NextStep } from './next-step.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** Somebody else's answer is being made in this chat: asked for again, or a person's own question. */
const BUSY_PAUSE_MS = 300;

/** A chat between models that this process moves on. */
interface Run {
  readonly chatId: number;
  isStopping: boolean;
  /** The turn that is waited for. */
  replyId: number | null;
  readonly done: Promise<void>;
}

/**
 * Moves chats between models from turn to turn. All that it knows is stored after each step, so the next process goes on
 * where this one ended.
 */
@Injectable()
export class DialogueRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly runs = new Map<number, Run>();
  private readonly closing = new AbortController();
  private readonly dialogues: DialoguesRepository;
  private readonly answers: AnswersService;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    dialogues: DialoguesRepository,
    answers: AnswersService,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.dialogues = dialogues;
    this.answers = answers;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    this.goOn().catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.log.error('dialogue.recover', error);
    });
  }

  /** Turns that are under way end with the replies; what they leave is taken up by the next process. */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.runs.values()].map(({ done }) => done));
  }

  /** Harmless for one that runs already. */
  start(chatId: number): void {
    if (this.runs.has(chatId) || this.closing.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const run: Run = { chatId, isStopping: false, replyId: null, done: promise };
    this.runs.set(chatId, run);
    void this.live(run).finally(() => {
      this.runs.delete(chatId);
      resolve(undefined);
    });
  }

  /** Resolves when the turn under way has ended and no further one begins. */
  async stop(chatId: number): Promise<void> {
    // After a restart it may not have been taken up yet.
    await this.answers.recovered();
    this.start(chatId);
    const run = this.runs.get(chatId);
    if (run === undefined) return;
    run.isStopping = true;
    if (run.replyId !== null) await this.answers.stop(run.replyId);
    await run.done;
  }

  private async goOn(): Promise<void> {
    await this.answers.recovered();
    for (const { chat } of await this.persist(() => this.dialogues.running())) this.start(chat.id);
  }

  private async live(run: Run): Promise<void> {
    try {
      for (let isOver = false; !isOver;) isOver = await this.persist(() => this.step(run));
    } catch (error) {
      if (!this.closing.signal.aborted) this.log.error('dialogue.run', error, { chatId: run.chatId });
    }
  }

  /** True when there is nothing more to do. */
  private async step(run: Run): Promise<boolean> {
    const dialogue = await this.dialogues.find(run.chatId);
    if (dialogue?.state !== 'running') return true;
    const { chat, plan } = dialogue;
    const last = chat.leafId === null ? null : await this.dialogues.message(chat.id, chat.leafId);
    const next = nextStep(plan, last);
    switch (next.do) {
      case 'wait':
        await this.wait(run, next.replyId);
        return false;
      case 'count':
        return !(await this.dialogues.change(chat.id, ['running'], { state: 'running', plan: next.plan }));
      case 'speak':
        if (run.isStopping) return this.end(dialogue, { do: 'end', state: 'stopped', plan });
        return this.speak(dialogue, next);
      case 'end':
        return this.end(dialogue, next);
      default:
        return exhaustive(next);
    }
  }

  private async wait(run: Run, replyId: number): Promise<void> {
    run.replyId = replyId;
    if (run.isStopping) await this.answers.stop(replyId);
    await this.answers.until(replyId, this.closing.signal);
    run.replyId = null;
  }

  private async speak(
    { chat }: StoredDialogue,
    { voice, parentId }: Extract<NextStep, { do: 'speak' }>,
  ): Promise<boolean> {
    try {
      await this.answers.begin({
        userId: chat.userId,
        chatId: chat.id,
        parentId,
        chosen: { model: voice.model },
        // A conversation in which every answer is the one of last time would be none.
        options: { use_cache: false, urgency: 'interactive' },
        details: { speaker: { index: voice.index, model: voice.model } },
      });
      return false;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'chat.not_found') return true;
      if (code !== 'chat.busy' && code !== 'chat.message_not_found') throw error;
      await pause(this.clock, BUSY_PAUSE_MS, this.closing.signal);
      return false;
    }
  }

  private async end(
    { chat }: StoredDialogue,
    { state, plan }: Extract<NextStep, { do: 'end' }>,
  ): Promise<boolean> {
    await this.dialogues.change(chat.id, ['running'], { state, plan });
    this.log.event('dialogue.end', {
      chatId: chat.id,
      userId: chat.userId,
      outcome: state,
      turns: plan.turns,
      code: plan.error_code,
    });
    return true;
  }

  /** A database that is away is waited for. @throws the reason of the end of this process */
  private persist<T>(work: () => Promise<T>): Promise<T> {
    return untilItWorks(work, {
      clock: this.clock,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      signal: this.closing.signal,
      onOutage: (error) => this.log.error('dialogue.step', error),
    });
  }
}
