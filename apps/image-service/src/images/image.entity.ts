import { epochMs, jsonColumn, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** A row of `images`: a finished picture. Whose it is and what was asked for stands with its request. */
export interface ImageRow {
  id: number;
  messageId: number;
  userId: number;
  width: number;
  height: number;
  seed: number;
  settings: unknown;
  model: string;
  /** Name of the PNG in the storage; the thumbnail lies beside it. */
  fileName: string;
  /** Hex SHA-256 of the PNG: the ETag. */
  sha256: string;
  sizeBytes: number;
  isSimulated: boolean;
  createdAt: number;
}

export const IMAGE = 'image';

export function imageEntity(dialect: Dialect): EntitySchema<ImageRow> {
  return new EntitySchema<ImageRow>({
    name: IMAGE,
    tableName: 'images',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      messageId: { name: 'message_id', type: 'integer' },
      userId: { name: 'user_id', type: 'integer' },
      width: { type: 'integer' },
      height: { type: 'integer' },
      seed: { ...epochMs },
      settings: jsonColumn(dialect),
      model: { type: 'varchar', length: 200 },
      fileName: { name: 'file_name', type: 'varchar', length: 200 },
      sha256: { type: 'varchar', length: 64 },
      sizeBytes: { name: 'size_bytes', type: 'integer' },
      isSimulated: { name: 'is_simulated', type: 'boolean' },
      createdAt: { name: 'created_at', ...epochMs },
    },
    indices: [{ name: 'images_of_message', columns: ['messageId', 'id'] }],
  });
}
