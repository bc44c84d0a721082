import type { Attachment, TimelineEntry } from '@baton/contracts';
import { WaitingState } from '@baton/gpu-lease';
import type { ErrorCode } from '@baton/kernel';
import type { ReplyLog } from '@baton/platform';
import type { ImageRequestRow } from '../images/image-request.entity.ts';

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
  isHoldingGpu = false;
  private lastStep = 0;

  constructor(request: ImageRequestRow, log: ReplyLog) {
    this.request = request;
    this.log = log;
    this.state = new WaitingState((event) => log.append(event));
  }

  jobId(kind: 'prompting' | 'render'): string {
    return `${kind}-${this.request.messageId}-${this.request.attempt}`;
  }

  loading(model: string): void {
    this.lastStep = 0;
    this.state.say({ type: 'state', state: 'loading', model });
  }

  progress(step: number, steps: number): void {
    if (step === this.lastStep) return;
    this.lastStep = step;
    this.state.say({ type: 'state', state: 'rendering' });
    this.log.append({ type: 'progress', step, steps });
  }
}
