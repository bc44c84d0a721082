import { forgetImageMessages, listGoneMessages } from '@baton/contracts';
import { codeOf, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import type { PictureStorage } from '../files/picture-storage.ts';
import { CHAT_SERVICE, FILE_SETTINGS, PICTURE_STORAGE, type FileSettings } from '../tokens.ts';
import { GalleryRepository } from './gallery.repository.ts';

/** After a start there is more important work than this. */
const FIRST_AFTER_MS = 60_000;
const MESSAGES_AT_A_TIME = 500;
const FILES_AT_A_TIME = 200;
/** A file is older than this before it counts as nobody's: its row is written after it. */
const SURE_AFTER_MS = 3_600_000;
/** How long somebody may ask what became of a request without a chat that has no picture: why it failed, for example. */
const EMPTY_AFTER_MS = 86_400_000;

/**
 * Pictures go with their messages, and files with their pictures:
 *   1. pictures of messages that are gone are marked as deleted;
 *   2. files of deleted pictures are removed, then their rows;
 *   3. requests without a chat that no picture is left of are forgotten, here and by chat-service;
 *   4. files that no row names, left behind by a crash between the two, are removed.
 * Everything may be done twice, so whoever dies in the middle leaves nothing that the next sweep does not see.
 */
@Injectable()
export class SweepService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly gallery: GalleryRepository;
  private readonly files: PictureFiles;
  private readonly storage: PictureStorage;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly everyMs: number;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly closing = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    gallery: GalleryRepository,
    files: PictureFiles,
    @Inject(PICTURE_STORAGE) storage: PictureStorage,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    @Inject(FILE_SETTINGS) { sweepEveryMs }: FileSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.gallery = gallery;
    this.files = files;
    this.storage = storage;
    this.chat = chat;
    this.everyMs = sweepEveryMs;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    this.running = this.goOn().catch(() => undefined);
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  /** One sweep; what fails is tried again by the next. */
  async sweep(): Promise<void> {
    try {
      const messages = await this.markGone();
      const pictures = await this.removeDeleted();
      const empty = await this.forgetEmpty();
      const orphans = await this.removeOrphans();
      this.log.event('picture.sweep', { messages, pictures, empty, orphans });
    } catch (error) {
      if (!this.closing.signal.aborted) this.log.warn('picture.sweep', { code: codeOf(error) });
    }
  }

  private async goOn(): Promise<void> {
    await pause(this.clock, Math.min(FIRST_AFTER_MS, this.everyMs), this.closing.signal);
    for (;;) {
      await this.sweep();
      await pause(this.clock, this.everyMs, this.closing.signal);
    }
  }

  private async markGone(): Promise<number> {
    let count = 0;
    for (let after = 0; ;) {
      const messageIds = await this.gallery.endedRequests(after, MESSAGES_AT_A_TIME);
      const last = messageIds.at(-1);
      if (last === undefined) return count;
      const { gone } = await this.chat.call(listGoneMessages, { messageIds });
      await this.gallery.markMessagesDeleted(gone, this.clock.now());
      await this.gallery.forgetRequests(gone);
      count += gone.length;
      after = last;
    }
  }

  private async removeDeleted(): Promise<number> {
    let count = 0;
    for (;;) {
      const rows = await this.gallery.deleted(FILES_AT_A_TIME);
      for (const { id, fileName } of rows) {
        this.closing.signal.throwIfAborted();
        await this.files.remove(fileName);
        await this.gallery.forget(id);
      }
      count += rows.length;
      if (rows.length < FILES_AT_A_TIME) return count;
    }
  }

  /** Told first, forgotten then: who dies in between tells it once more. */
  private async forgetEmpty(): Promise<number> {
    const endedBefore = this.clock.now() - EMPTY_AFTER_MS;
    let count = 0;
    for (let after = 0; ;) {
      const limit = MESSAGES_AT_A_TIME;
      const messageIds = await this.gallery.emptyRequests({ endedBefore, after, limit });
      const last = messageIds.at(-1);
      if (last === undefined) return count;
      await this.chat.call(forgetImageMessages, { messageIds });
      await this.gallery.forgetRequests(messageIds);
      count += messageIds.length;
      after = last;
    }
  }

  private async removeOrphans(): Promise<number> {
    const before = this.clock.now() - SURE_AFTER_MS;
    let count = 0;
    let names: string[] = [];
    const removeUnknown = async (): Promise<void> => {
      const known = await this.gallery.known(names.flatMap(pictureNames));
      const orphans = names.filter((name) => !pictureNames(name).some((picture) => known.has(picture)));
      for (const name of orphans) await this.storage.remove(name);
      count += orphans.length;
      names = [];
    };
    for await (const { name, changedAtMs } of this.storage.list()) {
      this.closing.signal.throwIfAborted();
      if (changedAtMs > before) continue;
      names.push(name);
      if (names.length >= FILES_AT_A_TIME) await removeUnknown();
    }
    if (names.length > 0) await removeUnknown();
    return count;
  }
}

/** Which pictures a file may belong to: a thumbnail has the name of its picture, with another ending. A draft is nobody's. */
function pictureNames(name: string): string[] {
  if (name.endsWith('.part')) return [];
  return name.endsWith('.webp') ? [name.replace(/webp$/, 'png'), name.replace(/webp$/, 'jpg')] : [name];
}
