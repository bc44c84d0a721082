import type { ReplyEvent, ReplyState, WaitingView } from '@baton/contracts';

export type StateEvent = Extract<ReplyEvent, { type: 'state' }>;

/** A waiting job as its reader is told: place and reason, the step of a swap, or the model being loaded. */
export function waitingEvent(view: WaitingView, model: string): StateEvent {
  if (view.stage === 'swapping' && view.swap !== null) {
    return {
      type: 'state',
      state: 'swapping',
      from: view.swap.from,
      to: view.swap.to,
      phase: view.swap.phase,
    };
  }
  if (view.stage === 'loading') return { type: 'state', state: 'loading', model };
  return {
    type: 'state',
    state: 'queued',
    position: view.position,
    reason: view.reason,
    eta_p50_ms: view.etaP50Ms,
    eta_p90_ms: view.etaP90Ms,
  };
}

/** The state of a message as its log tells it: an event gets through only when it says something new. */
export class WaitingState {
  private readonly tell: (event: StateEvent) => void;
  private last = '';
  private current: ReplyState = 'queued';

  constructor(tell: (event: StateEvent) => void) {
    this.tell = tell;
  }

  get state(): ReplyState {
    return this.current;
  }

  /** Taken in, and nothing else known yet. */
  queued(): void {
    this.say({
      type: 'state',
      state: 'queued',
      position: null,
      reason: null,
      eta_p50_ms: null,
      eta_p90_ms: null,
    });
  }

  waiting(view: WaitingView, model: string): void {
    this.say(waitingEvent(view, model));
  }

  say(event: StateEvent): void {
    const text = JSON.stringify(event);
    if (text === this.last) return;
    this.last = text;
    this.current = event.state;
    this.tell(event);
  }
}
