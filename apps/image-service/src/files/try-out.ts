import { randomBytes, randomUUID } from 'node:crypto';
import type { PictureStorage } from './picture-storage.ts';

/** About what a picture takes: a disk with room for less is full. Of chance, since a disk may compress. */
const TRIAL_BYTES = 1_048_576;

/** Stores something and removes it again. @throws AppError `store.unavailable` */
export async function tryOut(storage: Pick<PictureStorage, 'put' | 'remove'>): Promise<void> {
  // A name of ours: what a crash leaves of it is swept like any other file that nobody names.
  const name = `${randomUUID()}.webp`;
  await storage.put(name, randomBytes(TRIAL_BYTES));
  await storage.remove(name);
}
