import { samplerSettings, type Image, type SamplerSettings, type TimelineEntry } from '@baton/contracts';
import { foldText } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull } from 'typeorm';
import { z } from 'zod';
import { IMAGE_REQUEST, type ImageRequestRow, type RequestState } from './image-request.entity.ts';
import { IMAGE, type ImageRow } from './image.entity.ts';

export interface RequestEnd {
  readonly state: Extract<RequestState, 'done' | 'failed' | 'cancelled'>;
  readonly errorCode: string | null;
  readonly timeline: readonly TimelineEntry[];
  readonly timings: Readonly<Record<string, number>>;
  readonly finishedAt: number;
}

/** What is known of a file once it is stored, and whose it is. */
type FileColumns =
  'userId' | 'width' | 'height' | 'mediaType' | 'fileName' | 'sha256' | 'sizeBytes' | 'createdAt';
/** A picture as its maker knows it; the rest of its row is as in the table's defaults. */
export type NewImage = Pick<
  ImageRow,
  FileColumns | 'variant' | 'seed' | 'settings' | 'model' | 'isSimulated'
> & {
  readonly messageId: number;
};
/** Prompt and settings of a request, and who chose them. */
export interface DecidedPrompt {
  readonly prompt: string;
  readonly promptBy: 'model' | 'user';
  readonly settings: SamplerSettings;
  readonly settingsBy: 'model' | 'user' | 'default';
}

export type NewUpload = Pick<ImageRow, FileColumns>;

/** Image requests and finished images. Every read for a user names the user. */
@Injectable()
export class ImagesRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** A request that is there already stays as it is. */
  async add(row: ImageRequestRow): Promise<void> {
    await write(this.source, (manager) =>
      manager
        .createQueryBuilder()
        .insert()
        .into<ImageRequestRow>(IMAGE_REQUEST)
        .values(withNulls(row))
        .orIgnore()
        .execute(),
    );
  }

  /** Everything that is not ended, or whose end not everybody was told; oldest first. */
  open(): Promise<ImageRequestRow[]> {
    return read(this.source, (manager) =>
      manager.find<ImageRequestRow>(IMAGE_REQUEST, {
        where: { isReported: false },
        order: { messageId: 'ASC' },
      }),
    );
  }

  findOwned(messageId: number, userId: number): Promise<ImageRequestRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<ImageRequestRow>(IMAGE_REQUEST, { messageId, userId }),
    );
  }

  exists(messageId: number): Promise<boolean> {
    return read(this.source, (manager) => manager.existsBy<ImageRequestRow>(IMAGE_REQUEST, { messageId }));
  }

  storePrompt(messageId: number, decided: DecidedPrompt): Promise<void> {
    return this.change(messageId, { state: 'prompted', ...decided });
  }

  storeWorkflow(messageId: number, workflow: string, workflowHash: string): Promise<void> {
    return this.change(messageId, { workflow, workflowHash });
  }

  /** The ids are stored before the renders are submitted, so that they can be found again. */
  storeVariants(messageId: number, variants: unknown): Promise<void> {
    return this.change(messageId, { variants });
  }

  /** What a vision model sees in a picture, kept with it. */
  async storeDescription(id: number, description: string, descriptionBy: string): Promise<void> {
    await write(this.source, (manager) =>
      manager.update<ImageRow>(IMAGE, { id }, { description, descriptionBy }),
    );
  }

  /** The next attempt's number is stored before its GPU job is added, so that no job id is used twice. */
  startAttempt(messageId: number, attempt: number): Promise<void> {
    return this.change(messageId, { attempt });
  }

  finish(messageId: number, end: RequestEnd): Promise<void> {
    return this.change(messageId, { ...end });
  }

  markReported(messageId: number): Promise<void> {
    return this.change(messageId, { isReported: true });
  }

  /** @param words what the gallery finds it by: the prompt, and what it was made of */
  addImage(image: NewImage, words: string): Promise<number> {
    return write(this.source, async (manager) => {
      const row = { ...image, searchText: foldText(words) };
      const saved = await manager.getRepository<ImageRow>(IMAGE).save(row);
      return saved.id;
    });
  }

  addUpload(upload: NewUpload): Promise<number> {
    return write(this.source, async (manager) => {
      const row = { ...upload, origin: 'uploaded' as const, isSimulated: false };
      return (await manager.getRepository<ImageRow>(IMAGE).save(row)).id;
    });
  }

  imagesOf(messageId: number): Promise<ImageRow[]> {
    return read(this.source, (manager) =>
      manager.find<ImageRow>(IMAGE, {
        where: { messageId, deletedAt: IsNull() },
        order: { variant: 'ASC', id: 'ASC' },
      }),
    );
  }

  findImage(id: number, userId: number): Promise<ImageRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<ImageRow>(IMAGE, { id, userId, deletedAt: IsNull() }),
    );
  }

  /** Those of the ids that are this user's, in no order. */
  findImages(ids: readonly number[], userId: number): Promise<ImageRow[]> {
    return read(this.source, (manager) =>
      manager.findBy<ImageRow>(IMAGE, { id: In([...ids]), userId, deletedAt: IsNull() }),
    );
  }

  /** What a user's pictures take, thumbnails aside. */
  usedBytes(userId: number): Promise<number> {
    return read(this.source, async (manager) => {
      const used = await manager.sum<ImageRow>(IMAGE, 'sizeBytes', { userId, deletedAt: IsNull() });
      return used ?? 0;
    });
  }

  private async change(messageId: number, changes: Partial<ImageRequestRow>): Promise<void> {
    await write(this.source, (manager) =>
      manager.update<ImageRequestRow>(IMAGE_REQUEST, { messageId }, changes as object),
    );
  }
}

const storedTimings = z.record(z.string(), z.int().nonnegative()).nullable().catch(null);

/** What is null goes in as SQL: the JSON columns would store the word. */
function withNulls(row: ImageRequestRow): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => [
      name,
      value === null ? () => 'NULL' : value,
    ]),
  );
}

/** The public shape of a finished image. */
export function imageView(request: ImageRequestRow, row: ImageRow, reference: ImageRow | null = null): Image {
  return {
    id: row.id,
    message_id: request.messageId,
    chat_id: request.hasChat ? request.chatId : null,
    kind: request.kind,
    variant: row.variant,
    batch_count: request.batchCount,
    description: request.description,
    prompt: request.prompt ?? request.description,
    prompt_by: request.promptBy ?? 'user',
    reference_image_id: request.referenceImageId,
    reference_description: reference?.description ?? null,
    seed: row.seed ?? request.seed,
    width: row.width,
    height: row.height,
    settings: samplerSettings.parse(row.settings),
    settings_by: request.settingsBy ?? 'default',
    model: row.model ?? '',
    workflow: request.workflow === null ? null : { name: request.workflow, hash: request.workflowHash ?? '' },
    timings: storedTimings.parse(request.timings),
    favourite: row.isFavourite,
    media_type: row.mediaType,
    size_bytes: row.sizeBytes,
    url: `/api/images/${row.id}/file`,
    thumbnail_url: `/api/images/${row.id}/thumbnail`,
    simulated: row.isSimulated,
    created_at: new Date(row.createdAt).toISOString(),
  };
}
