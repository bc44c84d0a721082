import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import { FILE_DRAFT, type FileDraftRow } from './file-draft.entity.ts';

/**
 * Files that may be there without a picture that names them: written down before they are stored, so that a death in between
 * leaves nothing that nobody knows of. Asking the storage what it holds would show files of others, and of other databases.
 */
@Injectable()
export class FileDraftsRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  async add(draft: FileDraftRow): Promise<void> {
    await write(this.source, (manager) => manager.insert<FileDraftRow>(FILE_DRAFT, draft));
  }

  async forget(fileNames: readonly string[]): Promise<void> {
    await write(this.source, (manager) =>
      manager.delete<FileDraftRow>(FILE_DRAFT, { fileName: In([...fileNames]) }),
    );
  }

  /** Begun before then, oldest first, behind the last of the batch before. */
  async begunBefore(time: number, limit: number): Promise<string[]> {
    const rows = await read(this.source, (manager) =>
      manager.find<FileDraftRow>(FILE_DRAFT, {
        where: { createdAt: LessThan(time) },
        order: { createdAt: 'ASC', fileName: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(({ fileName }) => fileName);
  }
}
