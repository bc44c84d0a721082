import { foldText } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import {
  DataSource,
  In,
  IsNull,
  LessThan,
  MoreThan,
  Not,
  Raw,
  type FindOperator,
  type FindOptionsWhere,
} from 'typeorm';
import { IMAGE_REQUEST, type ImageRequestRow } from './image-request.entity.ts';
import { IMAGE, type ImageRow } from './image.entity.ts';

export interface GalleryQuestion {
  readonly userId: number;
  readonly text: string | null;
  readonly isFavourite: boolean | null;
  readonly origin: ImageRow['origin'] | null;
  /** The last picture of the page before; null for the first page. */
  readonly before: number | null;
  readonly limit: number;
}

/** All pictures of a user, newest first, and the end of pictures. */
@Injectable()
export class GalleryRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  page({ userId, text, isFavourite, origin, before, limit }: GalleryQuestion): Promise<ImageRow[]> {
    const where: FindOptionsWhere<ImageRow> = {
      userId,
      deletedAt: IsNull(),
      ...(before === null ? {} : { id: LessThan(before) }),
      ...(origin === null ? {} : { origin }),
      ...(isFavourite === null ? {} : { isFavourite }),
      // One person's pictures are few thousand at most, and the index leads to those alone.
      ...(text === null ? {} : { searchText: contains(text) }),
    };
    return read(this.source, (manager) =>
      manager.find<ImageRow>(IMAGE, { where, order: { id: 'DESC' }, take: limit }),
    );
  }

  /** What the pictures were asked for by, by message. */
  requestsOf(rows: readonly ImageRow[]): Promise<Map<number, ImageRequestRow>> {
    const ids = [...new Set(rows.flatMap(({ messageId }) => messageId ?? []))];
    if (ids.length === 0) return Promise.resolve(new Map<number, ImageRequestRow>());
    return read(this.source, async (manager) => {
      const requests = await manager.findBy<ImageRequestRow>(IMAGE_REQUEST, { messageId: In(ids) });
      return new Map(requests.map((request) => [request.messageId, request]));
    });
  }

  /** False when the user has no such picture. */
  async setFavourite(id: number, userId: number, isFavourite: boolean): Promise<boolean> {
    return this.changed({ id, userId, deletedAt: IsNull() }, { isFavourite });
  }

  /** From here on the picture is nobody's; its file goes afterwards. */
  async markDeleted(id: number, userId: number, now: number): Promise<boolean> {
    return this.changed({ id, userId, deletedAt: IsNull() }, { deletedAt: now });
  }

  async markMessagesDeleted(messageIds: readonly number[], now: number): Promise<void> {
    if (messageIds.length === 0) return;
    await this.changed({ messageId: In([...messageIds]), deletedAt: IsNull() }, { deletedAt: now });
  }

  /** Pictures whose files are to go, oldest first. */
  deleted(limit: number): Promise<ImageRow[]> {
    return read(this.source, (manager) =>
      manager.find<ImageRow>(IMAGE, {
        where: { deletedAt: Not(IsNull()) },
        order: { id: 'ASC' },
        take: limit,
      }),
    );
  }

  /** Files of the newest and the oldest pictures. */
  async someFileNames(ofEach: number): Promise<string[]> {
    const ends = await Promise.all(
      (['DESC', 'ASC'] as const).map((order) =>
        read(this.source, (manager) =>
          manager.find<ImageRow>(IMAGE, {
            select: { id: true, fileName: true },
            where: { deletedAt: IsNull() },
            order: { id: order },
            take: ofEach,
          }),
        ),
      ),
    );
    return [...new Set(ends.flat().map(({ fileName }) => fileName))];
  }

  async forget(id: number): Promise<void> {
    await write(this.source, (manager) => manager.delete<ImageRow>(IMAGE, { id }));
  }

  /** Ended requests behind a message, `limit` at a time, to ask whether their messages are still there. */
  async endedRequests(after: number, limit: number): Promise<number[]> {
    const rows = await read(this.source, (manager) =>
      manager.find<ImageRequestRow>(IMAGE_REQUEST, {
        select: { messageId: true },
        where: { messageId: MoreThan(after), isReported: true },
        order: { messageId: 'ASC' },
        take: limit,
      }),
    );
    return rows.map(({ messageId }) => messageId);
  }

  /** Requests without a chat that ended before then and have no picture (any more), behind a message. */
  async emptyRequests(question: {
    readonly endedBefore: number;
    readonly after: number;
    readonly limit: number;
  }): Promise<number[]> {
    const { endedBefore, after, limit } = question;
    const rows = await read(this.source, (manager) => {
      const pictures = manager
        .createQueryBuilder<ImageRow>(IMAGE, 'picture')
        .select('picture.id')
        .where('picture.messageId = request.messageId');
      return manager
        .createQueryBuilder<ImageRequestRow>(IMAGE_REQUEST, 'request')
        .where('request.isReported = :yes AND request.hasChat = :no', { yes: true, no: false })
        .andWhere('request.messageId > :after AND request.finishedAt < :endedBefore', { after, endedBefore })
        .andWhere(`NOT EXISTS (${pictures.getQuery()})`)
        .orderBy('request.messageId')
        .limit(limit)
        .getMany();
    });
    return rows.map(({ messageId }) => messageId);
  }

  async forgetRequests(messageIds: readonly number[]): Promise<void> {
    if (messageIds.length === 0) return;
    await write(this.source, (manager) =>
      manager.delete<ImageRequestRow>(IMAGE_REQUEST, { messageId: In([...messageIds]) }),
    );
  }

  /** Which of these files belong to a picture. */
  async known(fileNames: readonly string[]): Promise<Set<string>> {
    const rows = await read(this.source, (manager) =>
      manager.find<ImageRow>(IMAGE, {
        select: { id: true, fileName: true },
        where: { fileName: In([...fileNames]) },
      }),
    );
    return new Set(rows.map(({ fileName }) => fileName));
  }

  private changed(where: FindOptionsWhere<ImageRow>, set: Partial<ImageRow>): Promise<boolean> {
    return write(this.source, async (manager) => {
      const { affected } = await manager.update<ImageRow>(IMAGE, where, set as object);
      return affected !== 0;
    });
  }
}

/** "Contains this text", wildcards taken as they stand; a backslash as the escape would mean different things to the databases. */
function contains(text: string): FindOperator<string> {
  const pattern = `%${foldText(text).replace(/[!%_]/g, (sign) => `!${sign}`)}%`;
  return Raw((column) => `${column} LIKE :pattern ESCAPE '!'`, { pattern }) as FindOperator<string>;
}
