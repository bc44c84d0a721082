import { ask, type SentMessage } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { AsksService } from './asks.service.ts';

@Controller()
export class AsksController {
  private readonly asks: AsksService;

  constructor(asks: AsksService) {
    this.asks = asks;
  }

  @HandleCall(ask)
  begin({ userId, body, planReplyId }: z.output<typeof ask.request>): Promise<SentMessage> {
    return this.asks.begin(userId, body, planReplyId);
  }
}
