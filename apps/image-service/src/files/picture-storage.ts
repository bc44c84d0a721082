import type { Readable } from 'node:stream';

/** Names of ours: nothing that leads out of where pictures lie. */
export const PICTURE_NAME = /^[\w-]{1,100}\.(png|jpg|webp)$/;

/** Bytes of a file, both ends included, as HTTP counts them. */
export interface FilePart {
  readonly start: number;
  readonly end: number;
}

/**
 * Where picture files lie. Names are ours (a UUID and an ending), never a user's words. A file is there whole or not at
 * all, and never changes. There is no list of them: others may keep files in the same place, and what is ours is told by
 * our tables.
 */
export interface PictureStorage {
  /** @throws AppError `store.unavailable`; then nothing of the file is left */
  put(name: string, bytes: Buffer): Promise<void>;
  /** In bytes; null when there is no such file. @throws AppError `store.unavailable` */
  size(name: string): Promise<number | null>;
  /** @throws AppError `image.not_found`, `store.unavailable` */
  open(name: string, part?: FilePart): Promise<Readable>;
  /** @throws AppError `image.not_found`, `store.unavailable` */
  read(name: string): Promise<Buffer>;
  /** What is left of an attempt to put it goes as well. A file that is not there is as good as removed. @throws AppError `store.unavailable` */
  remove(name: string): Promise<void>;
  /**
   * Whether it will work for as long as nobody changes anything: asked once, at the start.
   *
   * @throws ConfigError when a setting is wrong, and names it; AppError `store.unavailable` when it is only away or full
   */
  check(): Promise<void>;
}
