import { answerNow, type Message } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { AnswerNowService } from './answer-now.service.ts';

@Controller()
export class AnswerNowController {
  private readonly answers: AnswerNowService;

  constructor(answers: AnswerNowService) {
    this.answers = answers;
  }

  @HandleCall(answerNow)
  now({ userId, replyId }: z.output<typeof answerNow.request>): Promise<Message> {
    return this.answers.move(userId, replyId);
  }
}
