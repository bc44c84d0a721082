import { WORK_LIMITS, batchBody, type Batch, type BatchLine } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { titleFrom } from '../chats/title.ts';
import { messageView } from '../chats/views.ts';
import { ModelsService } from '../models/models.service.ts';
import { itemOptions } from './batch-plan.ts';
import { BatchRunner } from './batch-runner.service.ts';
import {
  BatchesRepository,
  type BatchState,
  type ItemWithReply,
  type Progress,
  type StoredBatch,
} from './batches.repository.ts';

type BatchBody = z.output<typeof batchBody>;

/** Many questions in one request: what a user can do with them. */
@Injectable()
export class BatchesService {
  private readonly batches: BatchesRepository;
  private readonly models: ModelsService;
  private readonly runner: BatchRunner;
  private readonly clock: Clock;

  constructor(
    batches: BatchesRepository,
    models: ModelsService,
    runner: BatchRunner,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.batches = batches;
    this.models = models;
    this.runner = runner;
    this.clock = clock;
  }

  /** @throws AppError `batch.too_many`, `model.*`, `request.invalid` for an id that stands there twice */
  async create(userId: number, body: BatchBody): Promise<Batch> {
    refuseSameIds(body.requests);
    const taskType = body.task_type ?? 'general_chat';
    const { model, routing } = this.models.choose({ named: body.model ?? undefined, taskType });
    const batch = await this.batches.create(
      {
        chat: {
          userId,
          title: body.title ?? titleFrom(body.requests[0]?.message ?? ''),
          model,
          temperature: body.temperature ?? null,
          max_tokens: body.max_tokens ?? null,
          system_prompt: body.system_prompt ?? null,
        },
        plan: {
          version: 1,
          total: body.requests.length,
          model,
          routing,
          options: {
            urgency: 'background',
            ...(body.format === undefined ? {} : { format: body.format }),
            ...(body.task_type === undefined ? {} : { task_type: body.task_type }),
          },
          finished_at_ms: null,
        },
        items: body.requests.map(({ custom_id: customId, message }, index) => ({
          index,
          custom_id: customId ?? null,
          message,
        })),
        maxOpen: WORK_LIMITS.openBatches,
      },
      this.clock.now(),
    );
    this.runner.start(batch);
    return this.viewOf(batch);
  }

  async list(userId: number): Promise<Batch[]> {
    const batches = await this.batches.list(userId);
    const progress = await this.batches.progress(batches.map(({ chat }) => chat.id));
    return batches.map((batch) => batchView(batch, progress.get(batch.chat.id)));
  }

  /** @throws AppError `batch.not_found` */
  async get(userId: number, batchId: number): Promise<Batch> {
    return this.viewOf(await this.find(userId, batchId));
  }

  /** What is answered stays; one that is over stays as it is. @throws AppError `batch.not_found` */
  async cancel(userId: number, batchId: number): Promise<Batch> {
    const { plan } = await this.find(userId, batchId);
    const isFirst = await this.batches.close(batchId, 'cancelled', {
      ...plan,
      finished_at_ms: this.clock.now(),
    });
    if (isFirst) await this.runner.stop(batchId);
    return this.get(userId, batchId);
  }

  /** @throws AppError `batch.not_found` */
  async delete(userId: number, batchId: number): Promise<void> {
    await this.cancel(userId, batchId);
    await this.batches.delete(batchId, this.clock.now());
  }

  /** Results in the order of the requests, those behind place `after`. @throws AppError `batch.not_found` */
  async lines(
    userId: number,
    batchId: number,
    after: number,
    limit: number,
  ): Promise<{ lines: BatchLine[]; isLast: boolean }> {
    const { state, plan } = await this.find(userId, batchId);
    const items = await this.batches.items(batchId, after + 1, limit);
    const lines = items.map((item, offset) => lineOf(item, after + 1 + offset, state));
    return { lines, isLast: after + 1 + lines.length >= plan.total || lines.length < limit };
  }

  private async find(userId: number, batchId: number): Promise<StoredBatch> {
    const batch = await this.batches.find(batchId, userId);
    if (batch === null) throw new AppError('batch.not_found', { batchId });
    return batch;
  }

  private async viewOf(batch: StoredBatch): Promise<Batch> {
    const progress = await this.batches.progress([batch.chat.id]);
    return batchView(batch, progress.get(batch.chat.id));
  }
}

function refuseSameIds(requests: BatchBody['requests']): void {
  const seen = new Map<string, number>();
  for (const [index, { custom_id: customId }] of requests.entries()) {
    if (customId === undefined) continue;
    const first = seen.get(customId);
    if (first !== undefined) {
      const message = `must be unique: requests.${first} has the same`;
      throw new AppError(
        'request.invalid',
        {},
        { issues: [{ path: `requests.${index}.custom_id`, message }] },
      );
    }
    seen.set(customId, index);
  }
}

function batchView({ chat, plan, state }: StoredBatch, progress: Progress | undefined): Batch {
  const { done = 0, failed = 0, cancelled = 0, running = 0, usage } = progress ?? {};
  const never = state === 'cancelled' ? plan.total - done - failed - running : cancelled;
  return {
    id: chat.id,
    title: chat.title,
    state,
    model: plan.model,
    total: plan.total,
    done,
    failed,
    cancelled: never,
    running,
    usage: usage ?? { prompt_tokens: 0, completion_tokens: 0 },
    created_at: new Date(chat.createdAt).toISOString(),
    finished_at: plan.finished_at_ms === null ? null : new Date(plan.finished_at_ms).toISOString(),
  };
}

function lineOf({ item, reply }: ItemWithReply, index: number, batch: BatchState): BatchLine {
  const customId = itemOptions.safeParse(item.options).data?.custom_id ?? null;
  if (reply === null) {
    const state = batch === 'cancelled' ? 'cancelled' : 'waiting';
    return { index, custom_id: customId, state, response: null, model: null, usage: null, error: null };
  }
  const { state, content, model, usage, error } = messageView(reply);
  const isFinal = state === 'done' || state === 'failed' || state === 'cancelled';
  return {
    index,
    custom_id: customId,
    state: isFinal ? state : 'running',
    response: content === '' ? null : content,
    model,
    usage,
    error,
  };
}
