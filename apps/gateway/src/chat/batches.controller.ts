import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  batch,
  batchBody,
  batchList,
  cancelBatch,
  createBatch,
  deleteBatch,
  deletedBatch,
  getBatch,
  listBatches,
  readBatchLines,
  type Batch,
  type BatchLine,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { idParams, type IdParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';

const ONE_ERRORS = ['request.invalid', 'batch.not_found', ...CALL_ERRORS] as const;
const LINES_PER_PAGE = 100;

interface Page {
  readonly lines: readonly BatchLine[];
  readonly isLast: boolean;
}

@ApiTags('Batches')
@Controller('api/chat/batch')
export class BatchesController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Post()
  @ApiRoute({
    id: 'batches_create',
    summary: 'Ask many questions at once',
    description:
      'Each is answered by itself, without the others, when nobody waits for the GPU more urgently. Answers as soon as ' +
      'all are stored; a batch goes on after a restart.',
    access: 'user',
    answers: [{ status: 201, description: 'The batch', schema: batch }],
    errors: [...BODY_ERRORS, 'batch.too_many', 'model.unknown', 'model.none_installed', ...CALL_ERRORS],
  })
  create(
    @Caller() caller: CurrentUser,
    @Body({ schema: batchBody }) body: z.output<typeof batchBody>,
  ): Promise<Batch> {
    return this.chats.call(createBatch, { userId: caller.id, body });
  }

  @Get()
  @ApiRoute({
    id: 'batches_list',
    summary: 'Your batches, the newest first',
    access: 'user',
    answers: [{ status: 200, description: 'The batches', schema: batchList }],
    errors: CALL_ERRORS,
  })
  list(@Caller() caller: CurrentUser): Promise<z.output<typeof batchList>> {
    return this.chats.call(listBatches, { userId: caller.id });
  }

  @Get(':id')
  @ApiRoute({
    id: 'batches_get',
    summary: 'How far a batch is',
    access: 'user',
    answers: [{ status: 200, description: 'The batch', schema: batch }],
    errors: ONE_ERRORS,
  })
  get(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<Batch> {
    return this.chats.call(getBatch, { userId: caller.id, batchId: id });
  }

  @Get(':id/results')
  @ApiRoute({
    id: 'batches_results',
    summary: 'What a batch has come to so far',
    description:
      'One JSON object a line, in the order of the requests; those without an answer are there as well, and say so.',
    access: 'user',
    answers: [{ status: 200, description: 'The lines', media: { 'application/x-ndjson': 'BatchLine' } }],
    errors: ONE_ERRORS,
  })
  async results(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const read = (after: number): Promise<Page> =>
      this.chats.call(readBatchLines, { userId: caller.id, batchId: id, after, limit: LINES_PER_PAGE });
    // Before anything is sent, so that a batch that does not exist is an ordinary error answer.
    const first = await read(-1);
    const name = `attachment; filename="batch-${id}.jsonl"`;
    await reply
      .type('application/x-ndjson; charset=utf-8')
      .header('content-disposition', name)
      .send(Readable.from(jsonLines(first, read)));
  }

  @Post(':id/cancel')
  @ApiRoute({
    id: 'batches_cancel',
    summary: 'Stop a batch',
    description: 'What is answered is kept. One that is over stays as it is.',
    access: 'user',
    answers: [{ status: 200, description: 'The batch', schema: batch }],
    errors: ONE_ERRORS,
  })
  cancel(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<Batch> {
    return this.chats.call(cancelBatch, { userId: caller.id, batchId: id });
  }

  @Delete(':id')
  @ApiRoute({
    id: 'batches_delete',
    summary: 'Delete a batch and its answers',
    description: 'One that runs is stopped first.',
    access: 'user',
    answers: [{ status: 200, description: 'It is gone', schema: deletedBatch }],
    errors: ONE_ERRORS,
  })
  delete(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<z.output<typeof deletedBatch>> {
    return this.chats.call(deleteBatch, { userId: caller.id, batchId: id });
  }
}

/** The next page is read when the reader has taken the one before. */
async function* jsonLines(
  first: Page,
  read: (after: number) => Promise<Page>,
): AsyncGenerator<string, void, undefined> {
  for (let page = first; ;) {
    if (page.lines.length > 0) yield page.lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const last = page.lines.at(-1);
    if (page.isLast || last === undefined) return;
    page = await read(last.index);
  }
}
