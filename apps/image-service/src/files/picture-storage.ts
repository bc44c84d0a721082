import type { Readable } from 'node:stream';

export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly changedAtMs: number;
}

/** Names of ours: nothing that leads out of where pictures lie, and no draft. */
export const PICTURE_NAME = /^[\w-]{1,100}\.(png|jpg|webp)$/;

/** Bytes of a file, both ends included, as HTTP counts them. */
export interface FilePart {
  readonly start: number;
  readonly end: number;
}

/**
 * Where picture files lie. Names are ours (a UUID and an ending), never a user's words. A file is there whole or not at
 * all, and never changes.
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
  /** A file that is not there is as good as removed. */
  remove(name: string): Promise<void>;
  /** Every file, in no order. */
  list(): AsyncGenerator<StoredFile, void, undefined>;
}
