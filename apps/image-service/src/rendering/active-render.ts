import type { Attachment, TimelineEntry } from '@baton/contracts';
import { WaitingState } from '@baton/gpu-lease';
import type { Clock, ErrorCode } from '@baton/kernel';
import type { ReplyLog } from '@baton/platform';
import type { ImageRequestRow } from '../images/image-request.entity.ts';
import type { ImageRow } from '../images/image.entity.ts';
import { variantsOf, type Variant } from '../images/variants.ts';

/** An image request that this process is carrying out: what has come of it so far. */
export class ActiveRender {
  /** As it is stored: whatever changes here was written first. */
  readonly request: ImageRequestRow;
  readonly log: ReplyLog;
  /** Aborting ends the request in whatever state it is; the reason tells how it is stored. */
  readonly stop = new AbortController();
  readonly state: WaitingState;
  /** One entry for each time the GPU was held. */
  readonly timeline: TimelineEntry[] = [];
  readonly attachments: Attachment[] = [];
  /** Codes of the attempts that failed, oldest first. */
  readonly failures: ErrorCode[] = [];
  /** What is to be made, in the order of its seeds. */
  readonly variants: readonly Variant[];
  /** Milliseconds that each phase has taken, over all variants. */
  readonly timings = new Map<string, number>();
  /** The picture that this one is made out of. */
  reference: ImageRow | null = null;
  private readonly clock: Clock;
  private readonly done = new Set<number>();
  private readonly lastStep = new Map<number, { readonly step: number; readonly steps: number }>();
  private holding = 0;

  constructor(request: ImageRequestRow, log: ReplyLog, clock: Clock) {
    this.request = request;
    this.clock = clock;
    this.variants = variantsOf(request);
    this.log = log;
    this.state = new WaitingState((event) => log.append(event));
  }

  get isHoldingGpu(): boolean {
    return this.holding > 0;
  }

  /** The first variant's job has no number: so were they named when there was only one. */
  jobId(kind: 'prompting' | 'render', variant = 0): string {
    const { messageId, attempt } = this.request;
    return `${kind}-${messageId}-${attempt}${variant === 0 ? '' : `-v${variant}`}`;
  }

  hold(): void {
    this.holding += 1;
  }

  letGo(): void {
    this.holding -= 1;
  }

  unfinished(): Variant[] {
    return this.variants.filter(({ index }) => !this.done.has(index));
  }

  /** One wait is told at a time: that of the picture which comes next, and only while none is made. */
  tellsWaitOf(variant: number): boolean {
    return this.holding === 0 && this.unfinished()[0]?.index === variant;
  }

  loading(model: string): void {
    this.state.say({ type: 'state', state: 'loading', model });
  }

  progress(variant: number, step: number, steps: number): void {
    if (step === this.lastStep.get(variant)?.step) return;
    this.lastStep.set(variant, { step, steps });
    this.state.say({ type: 'state', state: 'rendering' });
    this.log.append({ type: 'progress', step, steps, ...this.numbered(variant), ...this.counted() });
  }

  /** After the sampling: decoding a large picture takes a while, and a bar that stands still looks dead. */
  atNode(variant: number, node: string): void {
    const last = this.lastStep.get(variant);
    if (last === undefined) return;
    this.log.append({ type: 'progress', ...last, node, ...this.numbered(variant), ...this.counted() });
  }

  /** A picture is stored, now or by an earlier process. */
  finished(picture: Pick<ImageRow, 'id' | 'width' | 'height' | 'variant'>): void {
    if (this.done.has(picture.variant)) return;
    this.done.add(picture.variant);
    const attachment = { image_id: picture.id, width: picture.width, height: picture.height };
    this.attachments.push(attachment);
    this.log.append({ type: 'image', ...attachment, ...this.numbered(picture.variant) });
  }

  async timed<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const from = this.clock.monotonic();
    try {
      return await work();
    } finally {
      const ms = Math.round(this.clock.monotonic() - from);
      this.timings.set(phase, (this.timings.get(phase) ?? 0) + ms);
    }
  }

  private counted(): { readonly variants?: number } {
    return this.variants.length === 1 ? {} : { variants: this.variants.length };
  }

  private numbered(variant: number): { readonly variant?: number } {
    return this.variants.length === 1 ? {} : { variant };
  }
}
