import { epochMs } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** A row of `experiments`. Times are milliseconds since the epoch. */
export interface ExperimentRow {
  id: number;
  name: string;
  /** Both by their installed names. */
  model: string;
  variant: string;
  share: number;
  /** The model's key while the comparison runs, null after: its unique index lets one run at a time. */
  runningKey: string | null;
  createdBy: number;
  createdAt: number;
  endedAt: number | null;
}

export const EXPERIMENT = 'experiment';

export function experimentEntity(): EntitySchema<ExperimentRow> {
  return new EntitySchema<ExperimentRow>({
    name: EXPERIMENT,
    tableName: 'experiments',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      name: { type: 'varchar', length: 100 },
      model: { type: 'varchar', length: 200 },
      variant: { type: 'varchar', length: 200 },
      share: { type: 'integer' },
      runningKey: { name: 'running_key', type: 'varchar', length: 210, nullable: true },
      createdBy: { name: 'created_by', type: 'integer' },
      createdAt: { name: 'created_at', ...epochMs },
      endedAt: { name: 'ended_at', ...epochMs, nullable: true },
    },
    indices: [{ name: 'experiments_running', columns: ['runningKey'], unique: true }],
  });
}
