import { exportChat, importChat, type Chat } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { TransfersService } from './transfers.service.ts';

@Controller()
export class TransfersController {
  private readonly transfers: TransfersService;

  constructor(transfers: TransfersService) {
    this.transfers = transfers;
  }

  @HandleCall(exportChat)
  export({
    userId,
    chatId,
    format,
  }: z.output<typeof exportChat.request>): Promise<z.output<typeof exportChat.reply>> {
    return this.transfers.export(userId, chatId, format);
  }

  @HandleCall(importChat)
  import({ userId, file }: z.output<typeof importChat.request>): Promise<Chat> {
    return this.transfers.import(userId, file);
  }
}
