import { AppError, type FieldIssue } from '@baton/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { FILE_SETTINGS, type FileSettings } from '../tokens.ts';
import { ImagesRepository } from './images.repository.ts';

const MIB = 1_048_576;

/** How much is kept of one person's pictures, made and brought along. Without a limit nothing is asked. */
@Injectable()
export class QuotaService {
  private readonly images: Pick<ImagesRepository, 'usedBytes'>;
  private readonly quotaBytes: number;

  constructor(
    @Inject(ImagesRepository) images: Pick<ImagesRepository, 'usedBytes'>,
    @Inject(FILE_SETTINGS) { quotaBytes }: Pick<FileSettings, 'quotaBytes'>,
  ) {
    this.images = images;
    this.quotaBytes = quotaBytes;
  }

  /** Before there is any work. @throws AppError `image.quota_reached` */
  async mustHaveRoom(userId: number): Promise<void> {
    if (this.quotaBytes === 0) return;
    const usedBytes = await this.images.usedBytes(userId);
    if (usedBytes >= this.quotaBytes) throw new AppError('image.quota_reached', { userId, usedBytes });
  }

  /**
   * For a picture of this size whose row is there, so that it is counted itself: of several that come at once each sees the
   * others, and none slips past. What is stored is what counts, and that may be larger than what was sent.
   *
   * @throws AppError `image.quota_reached`; then the picture must go again
   */
  async mustStillFit(userId: number, sizeBytes: number): Promise<void> {
    if (this.quotaBytes === 0) return;
    const usedBytes = await this.images.usedBytes(userId);
    if (usedBytes <= this.quotaBytes) return;
    const leftBytes = Math.max(0, this.quotaBytes - (usedBytes - sizeBytes));
    const message = `takes ${inMib(sizeBytes)} MiB as it is stored, and ${inMib(leftBytes)} MiB are left`;
    const issues: FieldIssue[] = [{ path: 'file', message }];
    throw new AppError('image.quota_reached', { userId, usedBytes }, { issues });
  }
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
