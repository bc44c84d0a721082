import { forgetImageMessages, listGoneMessages } from '@baton/contracts';
import { codeOf, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import { CHAT_SERVICE, FILE_SETTINGS, type FileSettings } from '../tokens.ts';
import { GalleryRepository } from './gallery.repository.ts';

/** After a start there is more important work than this. */
const FIRST_AFTER_MS = 60_000;
const MESSAGES_AT_A_TIME = 500;
const FILES_AT_A_TIME = 200;
/** One file that cannot be removed must not keep the others; three in a row are the whole storage. */
const MAX_FAILURES = 3;
/** A file was begun so long ago before it counts as nobody's: its row is written after it. */
const SURE_AFTER_MS = 3_600_000;
/** How long somebody may ask what became of a request without a chat that has no picture: why it failed, for example. */
const EMPTY_AFTER_MS = 86_400_000;

/**
 * Pictures go with their messages, and files with their pictures:
 *   1. pictures of messages that are gone are marked as deleted;
 *   2. files of deleted pictures are removed, then their rows;
 *   3. requests without a chat that no picture is left of are forgotten, here and by chat-service;
 *   4. files that were begun and that no row names, left behind by a death between the two, are removed.
 * Everything may be done twice, so whoever dies in the middle leaves nothing that the next sweep does not see.
 */
@Injectable()
export class SweepService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly gallery: GalleryRepository;
  private readonly files: PictureFiles;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly everyMs: number;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly closing = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    gallery: GalleryRepository,
    files: PictureFiles,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    @Inject(FILE_SETTINGS) { sweepEveryMs }: FileSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.gallery = gallery;
    this.files = files;
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
      const done = await this.each(rows, async ({ id, fileName }) => {
        const isRemoved = await this.files.remove(fileName);
        if (isRemoved) await this.gallery.forget(id);
        return isRemoved;
      });
      count += done;
      if (done < FILES_AT_A_TIME) return count;
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

  /** A draft whose picture has its row was only not crossed out. There are few: each is a death in a certain moment. */
  private async removeOrphans(): Promise<number> {
    const names = await this.files.unsettled(this.clock.now() - SURE_AFTER_MS, FILES_AT_A_TIME);
    const known = await this.gallery.known(names);
    for (const name of known) await this.files.settled(name);
    return this.each(
      names.filter((name) => !known.has(name)),
      (name) => this.files.remove(name),
    );
  }

  /** How many `work` could do. What it could not is for the next sweep, and a storage that is away is not asked on and on. */
  private async each<T>(items: readonly T[], work: (item: T) => Promise<boolean>): Promise<number> {
    let [done, failed] = [0, 0];
    for (const item of items) {
      this.closing.signal.throwIfAborted();
      if (await work(item)) done += 1;
      else failed += 1;
      if (failed >= MAX_FAILURES) break;
    }
    if (failed > 0) this.log.warn('picture.sweep', { code: 'store.unavailable', failed });
    return done;
  }
}
