import { Injectable } from '@nestjs/common';
import type { ReplyTask } from '../chats/exchanges.service.ts';
import type { AnswerTurn, BeforeAnswer } from '../replies/answer-hooks.ts';
import { SearchService } from '../search/search.service.ts';
import { PlansService } from './plans.service.ts';

/** All that may come before an answer, in this order: its plan, then a search. */
@Injectable()
export class PreparationsService implements BeforeAnswer {
  private readonly steps: readonly BeforeAnswer[];

  constructor(plans: PlansService, search: SearchService) {
    this.steps = [plans, search];
  }

  isFor(task: ReplyTask): boolean {
    return this.steps.some((step) => step.isFor(task));
  }

  early(task: ReplyTask, signal: AbortSignal): void {
    for (const step of this.steps) if (step.isFor(task)) step.early?.(task, signal);
  }

  async prepare(turn: AnswerTurn): Promise<void> {
    for (const step of this.steps) if (step.isFor(turn.task)) await step.prepare(turn);
  }
}
