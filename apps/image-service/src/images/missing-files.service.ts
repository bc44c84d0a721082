import { codeOf } from '@baton/kernel';
import { Log } from '@baton/platform';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import { GalleryRepository } from './gallery.repository.ts';

/** The newest and the oldest pictures: some of them are missing when the files were not moved, or not all of them. */
const LOOKED_AT = 10;

/**
 * Looks once, at the start, whether pictures that the database knows have their files in the storage that is configured:
 * when that was changed and nothing was copied, every picture would be "not found", and nobody would be told why.
 */
@Injectable()
export class MissingFilesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly gallery: GalleryRepository;
  private readonly files: PictureFiles;
  private readonly log: Log;
  private looking: Promise<unknown> = Promise.resolve();

  constructor(gallery: GalleryRepository, files: PictureFiles, log: Log) {
    this.gallery = gallery;
    this.files = files;
    this.log = log;
  }

  /** In the background: a storage may be slow, or away. */
  onApplicationBootstrap(): void {
    this.looking = this.look().catch((error: unknown) => {
      this.log.warn('picture.files_unseen', { code: codeOf(error) });
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.looking;
  }

  /** How many of those looked at are missing. @throws AppError `store.unavailable` */
  async look(): Promise<number> {
    const names = await this.gallery.someFileNames(LOOKED_AT);
    let missing = 0;
    for (const name of names) if (!(await this.files.has(name))) missing += 1;
    if (missing > 0) {
      const say =
        'files of known pictures are not in the storage that IMAGE_STORAGE names: were they copied there?';
      this.log.warn('picture.files_missing', { missing, lookedAt: names.length, say });
    }
    return missing;
  }
}
