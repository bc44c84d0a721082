import { read } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { AnswerFigures, SideFigures } from '../experiments/answer-figures.ts';
import { MESSAGE, type MessageRow } from './message.entity.ts';

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

/** What came of answers that were part of comparisons. */
@Injectable()
export class AnswerFiguresRepository implements AnswerFigures {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** In one statement over `messages_of_experiment`. */
  async bySide(experimentIds: readonly number[]): Promise<SideFigures[]> {
    if (experimentIds.length === 0) return [];
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
        .where('m.experimentId IN (:...ids) AND m.model IS NOT NULL AND m.deletedAt IS NULL', {
          ids: experimentIds,
        })
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
