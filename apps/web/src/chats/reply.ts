import {
  isFinalState,
  type Attachment,
  type EndEvent,
  type LaneLabel,
  type ReplyEvent,
  type ReplyState,
  type Routing,
  type Source,
  type SwapPhase,
  type WaitReason,
} from '@baton/contracts';

/** Where the picture is that is being made. */
export interface RenderStep {
  readonly step: number;
  readonly steps: number;
  /** Which of several pictures, from 0 on; null where there is one. */
  readonly variant: number | null;
  readonly variants: number | null;
  /** What the image engine is at beside sampling, in its own words. */
  readonly node: string | null;
}

/** A reply or a render as its log tells it so far. */
export interface ReplyView {
  readonly state: ReplyState;
  /** Set while `queued`. */
  readonly wait: {
    readonly position: number | null;
    readonly reason: WaitReason | null;
    readonly etaP50Ms: number | null;
    readonly etaP90Ms: number | null;
  } | null;
  /** Set while `swapping`. */
  readonly swap: {
    readonly from: LaneLabel | null;
    readonly to: LaneLabel | null;
    readonly phase: SwapPhase;
  } | null;
  /** Set while `loading`. */
  readonly loadingModel: string | null;
  readonly text: string;
  /** What the model thinks before it answers. */
  readonly thinking: string;
  readonly routing: Routing | null;
  /** Set when the web was asked; the list may be empty. */
  readonly search: { readonly query: string; readonly sources: readonly Source[] } | null;
  readonly prompt: { readonly prompt: string; readonly seed: number } | null;
  readonly progress: RenderStep | null;
  readonly previewRevision: number | null;
  readonly images: readonly Attachment[];
  readonly end: EndEvent | null;
  /** How far the log has been read, bytes. What lies before was seen already. */
  readonly offset: number;
}

export interface LoggedEvent {
  /** The byte offset behind the event; null for one that the log does not count. */
  readonly offset: number | null;
  readonly event: ReplyEvent;
}

export function freshReply(state: ReplyState): ReplyView {
  return {
    state: isFinalState(state) ? 'queued' : state,
    wait: null,
    swap: null,
    loadingModel: null,
    text: '',
    thinking: '',
    routing: null,
    search: null,
    prompt: null,
    progress: null,
    previewRevision: null,
    images: [],
    end: null,
    offset: 0,
  };
}

/**
 * The view after one more event. Checked in this order:
 *   1. nothing follows an end;
 *   2. a reset replaces the text whatever its offset says, because the log it counted in is gone;
 *   3. what was read already (a reconnect overlaps) changes nothing;
 *   4. everything else moves the view on.
 */
export function applyReplyEvent(view: ReplyView, { offset, event }: LoggedEvent): ReplyView {
  if (view.end !== null) return view;
  if (event.type === 'reset') {
    // Who answers and what was searched for is told once; a log that begins anew may not tell it again.
    const { routing, search } = view;
    const { text, thinking = '' } = event;
    return { ...freshReply(view.state), routing, search, text, thinking, offset: offset ?? 0 };
  }
  if (offset !== null && offset <= view.offset) return view;
  return { ...moveOn(view, event), offset: offset ?? view.offset };
}

function moveOn(view: ReplyView, event: Exclude<ReplyEvent, { type: 'reset' }>): ReplyView {
  switch (event.type) {
    case 'state':
      return inState(view, event);
    case 'text':
      return { ...view, text: view.text + event.text };
    case 'thinking':
      return { ...view, thinking: view.thinking + event.text };
    case 'routed':
      return { ...view, routing: event.routing };
    case 'sources':
      return { ...view, search: { query: event.query, sources: event.sources } };
    case 'prompt':
      return { ...view, prompt: { prompt: event.prompt, seed: event.seed } };
    case 'progress':
      return { ...view, progress: stepOf(event) };
    case 'preview':
      return { ...view, previewRevision: event.revision };
    case 'image':
      return withImage(view, event);
    case 'pull':
      // Of a download's log, never of an answer's.
      return view;
    case 'end':
      return { ...view, state: event.state, wait: null, swap: null, loadingModel: null, end: event };
  }
}

function stepOf(event: Extract<ReplyEvent, { type: 'progress' }>): RenderStep {
  const { step, steps, variant = null, variants = null, node = null } = event;
  return { step, steps, variant, variants, node };
}

/** Where the finished picture was the one in progress, nothing is shown of it twice. */
function withImage(view: ReplyView, event: Extract<ReplyEvent, { type: 'image' }>): ReplyView {
  const { image_id, width, height, variant = null } = event;
  const images = [...view.images, { image_id, width, height }];
  const isNext = view.progress !== null && view.progress.variant !== variant;
  return isNext ? { ...view, images } : { ...view, images, progress: null, previewRevision: null };
}

function inState(view: ReplyView, event: Extract<ReplyEvent, { type: 'state' }>): ReplyView {
  const clear = { ...view, state: event.state, wait: null, swap: null, loadingModel: null };
  switch (event.state) {
    case 'queued':
      return {
        ...clear,
        wait: {
          position: event.position,
          reason: event.reason,
          etaP50Ms: event.eta_p50_ms,
          etaP90Ms: event.eta_p90_ms,
        },
      };
    case 'swapping':
      return { ...clear, swap: { from: event.from, to: event.to, phase: event.phase } };
    case 'loading':
      return { ...clear, loadingModel: event.model };
    default:
      return clear;
  }
}
