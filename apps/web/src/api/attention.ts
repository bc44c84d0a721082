/**
 * When a stream is worth having. A browser keeps about six connections to one host for all its tabs together, so a tab
 * that nobody has looked at for a while lets go of its streams, and takes them up where they were when it is seen again.
 */
const LET_GO_AFTER_MS = 20_000;

/** Aborted once the tab has been hidden for a while. */
export function untilForgotten(signal: AbortSignal): AbortSignal {
  const forgotten = new AbortController();
  let timer = 0;
  const look = (): void => {
    window.clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => forgotten.abort(), LET_GO_AFTER_MS);
  };
  const over = AbortSignal.any([signal, forgotten.signal]);
  document.addEventListener('visibilitychange', look);
  over.addEventListener(
    'abort',
    () => {
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
    { once: true },
  );
  look();
  return over;
}

/** Resolves as soon as the tab is on screen, at once when it is. */
export function whenSeen(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return nextEvent(document, 'visibilitychange', signal);
}

/** Resolves when waiting for the next attempt has become pointless: the network is back or the tab is seen again. */
export function whenWorthTrying(signal: AbortSignal): Promise<void> {
  return Promise.race([nextEvent(window, 'online', signal), nextEvent(document, 'visibilitychange', signal)]);
}

function nextEvent(target: EventTarget, type: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => target.addEventListener(type, () => resolve(), { once: true, signal }));
}
