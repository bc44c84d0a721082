import { AppError } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, Not } from 'typeorm';
import { EXPERIMENT, type ExperimentRow } from './experiment.entity.ts';

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
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const { driver } = error.details;
  if (typeof driver !== 'string') return false;
  return driver.startsWith('SQLITE_CONSTRAINT') || driver === 'ER_DUP_ENTRY';
}
