import { pause, type Clock } from '@baton/kernel';

/** Whether the work ends in that time; it goes on if it does not. Rejects as the work does, and leaves no timer behind. */
export async function endsWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work.then(() => true),
      pause(clock, ms, over.signal).then(
        () => false,
        () => false,
      ),
    ]);
  } finally {
    over.abort();
  }
}
