import { epochMs } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** A row of `image_file_drafts`: a picture's file that is being stored, until a picture names it. */
export interface FileDraftRow {
  fileName: string;
  createdAt: number;
}

export const FILE_DRAFT = 'fileDraft';

export function fileDraftEntity(): EntitySchema<FileDraftRow> {
  return new EntitySchema<FileDraftRow>({
    name: FILE_DRAFT,
    tableName: 'image_file_drafts',
    columns: {
      fileName: { name: 'file_name', type: 'varchar', length: 200, primary: true },
      createdAt: { name: 'created_at', ...epochMs },
    },
    indices: [{ name: 'image_file_drafts_by_age', columns: ['createdAt'] }],
  });
}
