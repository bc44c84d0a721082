import { AppError } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, Not } from 'typeorm';
import { z } from 'zod';
import { MESSAGE, type MessageRow } from '../chats/message.entity.ts';
import { EXPERIMENT, type ExperimentRow } from './experiment.entity.ts';

/** What came of one model in one comparison. */
export interface SideFigures {
  readonly experimentId: number;
  readonly model: string;
  readonly chats: number;
  readonly answers: number;
  readonly failed: number;
  readonly up: number;
  readonly down: number;
  readonly meanTokens: number | null;
  readonly meanAnswerMs: number | null;
}

/** Databases give sums and means as numbers or as text. */
const count = z.coerce.number();
const mean = z.coerce.number().nullable();
const figures = z.array(
  z.object({
    experimentId: count,
    model: z.string(),
    chats: count,
    answers: count,
    failed: count,
    up: count,
    down: count,
    meanTokens: mean,
    meanAnswerMs: mean,
  }),
);

/** More than anybody compares; the oldest drop out of the list, not out of the table. */
const LISTED = 100;

@Injectable()
export class ExperimentsRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** Newest first. */
  list(): Promise<ExperimentRow[]> {
    return read(this.source, (manager) =>
      manager.find<ExperimentRow>(EXPERIMENT, { order: { id: 'DESC' }, take: LISTED }),
    );
  }

  running(): Promise<ExperimentRow[]> {
    return read(this.source, (manager) =>
      manager.findBy<ExperimentRow>(EXPERIMENT, { runningKey: Not(IsNull()) }),
    );
  }

  /** @throws AppError `experiment.model_taken` when one about that model runs */
  create(row: Omit<ExperimentRow, 'id'>): Promise<ExperimentRow> {
    return write(this.source, async (manager) => {
      const table = manager.getRepository<ExperimentRow>(EXPERIMENT);
      if (await table.existsBy({ runningKey: row.runningKey ?? '' })) {
        throw new AppError('experiment.model_taken', { model: row.model });
      }
      return table.save({ ...row });
    }).catch((error: unknown) => {
      // Two at once: the index lets one in.
      if (isTaken(error))
        throw new AppError('experiment.model_taken', { model: row.model }, { cause: error });
      throw error;
    });
  }

  /** One that has ended stays as it is. Null when there is none. */
  end(id: number, now: number): Promise<ExperimentRow | null> {
    return write(this.source, async (manager) => {
      const table = manager.getRepository<ExperimentRow>(EXPERIMENT);
      await table.update({ id, endedAt: IsNull() }, { endedAt: now, runningKey: null });
      return table.findOneBy({ id });
    });
  }

  /** Of all answers that were part of these comparisons, in one statement over `messages_of_experiment`. */
  async figures(ids: readonly number[]): Promise<SideFigures[]> {
    if (ids.length === 0) return [];
    const rows: unknown = await read(this.source, (manager) =>
      manager
        .createQueryBuilder<MessageRow>(MESSAGE, 'm')
        .select('m.experimentId', 'experimentId')
        .addSelect('m.model', 'model')
        .addSelect('COUNT(DISTINCT m.chatId)', 'chats')
        .addSelect(countOf("m.state = 'done'"), 'answers')
        .addSelect(countOf("m.state = 'failed'"), 'failed')
        .addSelect(countOf("m.rating = 'up'"), 'up')
        .addSelect(countOf("m.rating = 'down'"), 'down')
        .addSelect("AVG(CASE WHEN m.state = 'done' THEN m.completionTokens END)", 'meanTokens')
        .addSelect("AVG(CASE WHEN m.state = 'done' THEN m.answerMs END)", 'meanAnswerMs')
        .where('m.experimentId IN (:...ids) AND m.model IS NOT NULL AND m.deletedAt IS NULL', { ids })
        .groupBy('m.experimentId')
        .addGroupBy('m.model')
        .getRawMany(),
    );
    return figures.parse(rows);
  }
}

function countOf(condition: string): string {
  return `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const { driver } = error.details;
  if (typeof driver !== 'string') return false;
  return driver.startsWith('SQLITE_CONSTRAINT') || driver === 'ER_DUP_ENTRY';
}
