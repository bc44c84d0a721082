import { AnswersService } from '../asks/answers.service.ts';
import { AsksService } from '../asks/asks.service.ts';
import { PlansService } from '../asks/plans.service.ts';
import { PreparationsService } from '../asks/preparations.service.ts';
import { BatchRunner } from '../batches/batch-runner.service.ts';
import { BatchesRepository } from '../batches/batches.repository.ts';
import { BatchesService } from '../batches/batches.service.ts';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { CastingService } from '../dialogues/casting.service.ts';
import { DialogueRunner } from '../dialogues/dialogue-runner.service.ts';
import { DialoguesRepository } from '../dialogues/dialogues.repository.ts';
import { DialoguesService } from '../dialogues/dialogues.service.ts';
import type { BeforeAnswer } from '../replies/answer-hooks.ts';
import { SearchService } from '../search/search.service.ts';
import type { WebSearch } from '../search/web-search.ts';
import { ChatProcess, hurriedClock, type ChatProcessOptions } from './chat-process.ts';
import { quietLog } from './databases.ts';

const BATCH_RUNNING = 2;

export interface WorkProcessOptions extends ChatProcessOptions {
  readonly web?: WebSearch;
}

/** A chat-service with all that is made of many replies, put together as `app.module.ts` does. */
export class WorkProcess {
  readonly chat: ChatProcess;
  readonly asks: AsksService;
  readonly dialogues: DialoguesService;
  readonly batches: BatchesService;
  private readonly answers: AnswersService;
  private readonly dialogueRunner: DialogueRunner;
  private readonly batchRunner: BatchRunner;

  private constructor(chat: ChatProcess, options: WorkProcessOptions, search: SearchService) {
    const { source } = options;
    const { exchanges, generation, recovery, endings, models, places, replies, images } = chat;
    this.chat = chat;
    this.answers = new AnswersService(exchanges, generation, recovery, endings, hurriedClock);
    this.asks = new AsksService(exchanges, replies, generation, images, models, search);
    const dialogues = new DialoguesRepository(source);
    this.dialogueRunner = new DialogueRunner(dialogues, this.answers, hurriedClock, quietLog);
    this.dialogues = new DialoguesService(
      dialogues,
      new ChatsRepository(source),
      new CastingService(models, places),
      generation,
      this.dialogueRunner,
      hurriedClock,
    );
    const batches = new BatchesRepository(source);
    const settings = { running: BATCH_RUNNING };
    this.batchRunner = new BatchRunner(batches, this.answers, settings, hurriedClock, quietLog);
    this.batches = new BatchesService(batches, models, this.batchRunner, hurriedClock);
  }

  /** A process that has started: what an earlier one left behind is taken up. */
  static async start(options: WorkProcessOptions): Promise<WorkProcess> {
    const noWeb: WebSearch = { isSetUp: false, search: () => Promise.reject(new Error('not set up')) };
    const search = new SearchService(options.web ?? noWeb, hurriedClock);
    const late: { step: BeforeAnswer | null } = { step: null };
    const before: BeforeAnswer = {
      isFor: (task) => late.step?.isFor(task) ?? false,
      early: (task, signal) => late.step?.early?.(task, signal),
      prepare: async (turn) => late.step?.prepare(turn),
    };
    const chat = await ChatProcess.start({ ...options, before });
    late.step = new PreparationsService(new PlansService(chat.exchanges), search);
    const process = new WorkProcess(chat, options, search);
    process.answers.onModuleInit();
    chat.recovery.onApplicationBootstrap();
    process.dialogueRunner.onApplicationBootstrap();
    process.batchRunner.onApplicationBootstrap();
    await chat.recovery.done();
    return process;
  }

  /** As on SIGTERM: all are told at the same moment. */
  async shutDown(): Promise<void> {
    const left = Promise.all([this.dialogueRunner.onModuleDestroy(), this.batchRunner.onModuleDestroy()]);
    await this.chat.shutDown();
    await left;
  }
}
