import type { Message } from '@baton/contracts';
import { AppError, isErrorCode } from '@baton/kernel';
import { Injectable } from '@nestjs/common';
import { GenerationService } from '../replies/generation.service.ts';
import { RecoveryService } from '../replies/recovery.service.ts';
import { RepliesService } from '../replies/replies.service.ts';
import { LocalPlace } from './local-place.ts';

/** Takes a reply that waits for the GPU out of the queue and has the CPU answer it, under the same id. */
@Injectable()
export class AnswerNowService {
  private readonly replies: RepliesService;
  private readonly generation: GenerationService;
  private readonly recovery: RecoveryService;
  private readonly local: LocalPlace;

  constructor(
    replies: RepliesService,
    generation: GenerationService,
    recovery: RecoveryService,
    local: LocalPlace,
  ) {
    this.replies = replies;
    this.generation = generation;
    this.recovery = recovery;
    this.local = local;
  }

  /**
   * Answers when the reply is on its way to the CPU.
   *
   * @throws AppError `reply.not_found`; `reply.not_waiting` when it has ended, has begun to be shown, or is on the CPU
   *   already; `local.*` without a CPU engine; `model.no_vision` for a question with pictures
   */
  async move(userId: number, replyId: number): Promise<Message> {
    const reply = await this.replies.get(userId, replyId);
    if (reply.kind !== 'text') throw new AppError('reply.not_found', { replyId });
    if (reply.finished_at !== null) throw new AppError('reply.not_waiting', { replyId });
    await this.refuseUnlessReady();
    // After a restart a reply may not have been taken up yet.
    if (!this.generation.has(replyId)) await this.recovery.done();
    // Nobody is taken out of the queue for an answer that cannot be given.
    const task = this.generation.taskOf(replyId);
    if ((task?.options.image_ids ?? []).length > 0) throw new AppError('model.no_vision', { replyId });
    if (!this.generation.moveTo(replyId, this.local.server)) {
      throw new AppError('reply.not_waiting', { replyId });
    }
    return this.replies.get(userId, replyId);
  }

  private async refuseUnlessReady(): Promise<void> {
    if (this.local.view().state === 'checking') await this.local.look();
    const { state, error_code: code } = this.local.view();
    if (state === 'up') return;
    throw new AppError(isErrorCode(code) ? code : 'local.not_set_up');
  }
}
