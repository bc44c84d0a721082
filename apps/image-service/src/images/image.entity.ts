import { epochMs, exactText, jsonColumn, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';
import type { PictureMediaType } from '../files/picture-codec.ts';

/** A row of `images`: a finished picture. What was asked for stands with its request; an upload has none. */
export interface ImageRow {
  id: number;
  /** Null for a picture that somebody brought along. */
  messageId: number | null;
  userId: number;
  origin: 'generated' | 'uploaded';
  /** Place among the variants of its request, from 0 on. */
  variant: number;
  width: number;
  height: number;
  seed: number | null;
  settings: unknown;
  model: string | null;
  mediaType: PictureMediaType;
  /** What a vision model sees in it; null until one was asked. */
  description: string | null;
  descriptionBy: string | null;
  /** Prompt and description as the search of the gallery sees them. */
  searchText: string | null;
  isFavourite: boolean;
  deletedAt: number | null;
  /** Name of the file in the storage; the thumbnail lies beside it. */
  fileName: string;
  /** Hex SHA-256 of the file: the ETag. */
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
      messageId: { name: 'message_id', type: 'integer', nullable: true },
      userId: { name: 'user_id', type: 'integer' },
      origin: { type: 'varchar', length: 16, default: 'generated' },
      variant: { type: 'integer', default: 0 },
      width: { type: 'integer' },
      height: { type: 'integer' },
      seed: { ...epochMs, nullable: true },
      settings: { ...jsonColumn(dialect), nullable: true },
      model: { type: 'varchar', length: 200, nullable: true },
      mediaType: { name: 'media_type', type: 'varchar', length: 32, default: 'image/png' },
      description: { type: longText(dialect), nullable: true },
      descriptionBy: { name: 'description_by', type: 'varchar', length: 200, nullable: true },
      searchText: { name: 'search_text', ...exactText(dialect), nullable: true },
      isFavourite: { name: 'is_favourite', type: 'boolean', default: false },
      deletedAt: { name: 'deleted_at', ...epochMs, nullable: true },
      fileName: { name: 'file_name', type: 'varchar', length: 200 },
      sha256: { type: 'varchar', length: 64 },
      sizeBytes: { name: 'size_bytes', type: 'integer' },
      isSimulated: { name: 'is_simulated', type: 'boolean' },
      createdAt: { name: 'created_at', ...epochMs },
    },
    indices: [
      { name: 'images_of_message', columns: ['messageId', 'id'] },
      { name: 'images_of_user', columns: ['userId', 'id'] },
    ],
  });
}
