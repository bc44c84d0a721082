import {
  getDialogue,
  readDialogueTurn,
  resumeDialogue,
  startDialogue,
  stopDialogue,
  type Dialogue,
  type Message,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { DialoguesService } from './dialogues.service.ts';

@Controller()
export class DialoguesController {
  private readonly dialogues: DialoguesService;

  constructor(dialogues: DialoguesService) {
    this.dialogues = dialogues;
  }

  @HandleCall(startDialogue)
  start({ userId, body }: z.output<typeof startDialogue.request>): Promise<Dialogue> {
    return this.dialogues.start(userId, body);
  }

  @HandleCall(getDialogue)
  get({ userId, chatId }: z.output<typeof getDialogue.request>): Promise<Dialogue> {
    return this.dialogues.get(userId, chatId);
  }

  @HandleCall(stopDialogue)
  stop({ userId, chatId }: z.output<typeof stopDialogue.request>): Promise<Dialogue> {
    return this.dialogues.stop(userId, chatId);
  }

  @HandleCall(resumeDialogue)
  resume({ userId, chatId }: z.output<typeof resumeDialogue.request>): Promise<Dialogue> {
    return this.dialogues.resume(userId, chatId);
  }

  @HandleCall(readDialogueTurn)
  turn({
    userId,
    chatId,
    after,
  }: z.output<typeof readDialogueTurn.request>): Promise<{ turn: Message | null; dialogue: Dialogue }> {
    return this.dialogues.turnAfter(userId, chatId, after);
  }
}
