import {
  cancelBatch,
  createBatch,
  deleteBatch,
  getBatch,
  listBatches,
  readBatchLines,
  type Batch,
  type BatchLine,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { BatchesService } from './batches.service.ts';

@Controller()
export class BatchesController {
  private readonly batches: BatchesService;

  constructor(batches: BatchesService) {
    this.batches = batches;
  }

  @HandleCall(createBatch)
  create({ userId, body }: z.output<typeof createBatch.request>): Promise<Batch> {
    return this.batches.create(userId, body);
  }

  @HandleCall(listBatches)
  async list({ userId }: z.output<typeof listBatches.request>): Promise<{ batches: Batch[] }> {
    return { batches: await this.batches.list(userId) };
  }

  @HandleCall(getBatch)
  get({ userId, batchId }: z.output<typeof getBatch.request>): Promise<Batch> {
    return this.batches.get(userId, batchId);
  }

  @HandleCall(cancelBatch)
  cancel({ userId, batchId }: z.output<typeof cancelBatch.request>): Promise<Batch> {
    return this.batches.cancel(userId, batchId);
  }

  @HandleCall(deleteBatch)
  async delete({ userId, batchId }: z.output<typeof deleteBatch.request>): Promise<{ deleted: true }> {
    await this.batches.delete(userId, batchId);
    return { deleted: true };
  }

  @HandleCall(readBatchLines)
  lines({
    userId,
    batchId,
    after,
    limit,
  }: z.output<typeof readBatchLines.request>): Promise<{ lines: BatchLine[]; isLast: boolean }> {
    return this.batches.lines(userId, batchId, after, limit);
  }
}
