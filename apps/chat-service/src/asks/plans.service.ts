import { codeOf } from '@baton/kernel';
import { Injectable } from '@nestjs/common';
import { ExchangesService, type ReplyTask } from '../chats/exchanges.service.ts';
import type { AnswerTurn, BeforeAnswer } from '../replies/answer-hooks.ts';
import { planNote } from './plan-prompt.ts';

/** Puts the plan of a pair before the answer that follows it. */
@Injectable()
export class PlansService implements BeforeAnswer {
  private readonly exchanges: ExchangesService;

  constructor(exchanges: ExchangesService) {
    this.exchanges = exchanges;
  }

  isFor(task: ReplyTask): boolean {
    return task.options.plan_reply_id !== undefined;
  }

  async prepare(turn: AnswerTurn): Promise<void> {
    const { userId, options } = turn.task;
    if (options.plan_reply_id === undefined) return;
    const plan = await this.exchanges.reply(userId, options.plan_reply_id).catch((error: unknown) => {
      // Plans are kept for some days only: an answer that is made again after that is made without.
      if (codeOf(error) === 'reply.not_found') return null;
      throw error;
    });
    if (plan !== null) turn.addSystem(planNote(plan.model ?? 'Another model', plan.content));
  }
}
