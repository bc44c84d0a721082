import type { ReplyState, TimelineEntry, Usage } from '@baton/contracts';
import { WaitingState } from '@baton/gpu-lease';
import type { ErrorCode } from '@baton/kernel';
import type { ReplyLog } from '@baton/platform';
import type { ReplyTask } from '../chats/exchanges.service.ts';

/** A reply that this process is making: what has come of it so far. */
export class ActiveReply {
  readonly task: ReplyTask;
  readonly log: ReplyLog;
  /** Aborting ends the reply in whatever state it is; the reason tells how it is stored. */
  readonly stop = new AbortController();
  readonly progress: WaitingState;
  /** One entry for each time the GPU was held. */
  readonly timeline: TimelineEntry[] = [];
  /** Codes of the attempts that failed, oldest first. */
  readonly failures: ErrorCode[] = [];
  attempt: number;
  text = '';
  usage: Usage | null = null;

  constructor(task: ReplyTask, log: ReplyLog) {
    this.task = task;
    this.log = log;
    this.attempt = task.attempt;
    this.progress = new WaitingState((event) => {
      if (event.state === 'queued') log.appendSoon(event);
      else log.append(event);
    });
  }

  get state(): ReplyState {
    return this.progress.state;
  }

  get jobId(): string {
    return `reply-${this.task.replyId}-${this.attempt}`;
  }

  addText(text: string): void {
    if (this.text === '') this.progress.say({ type: 'state', state: 'streaming' });
    this.text += text;
    this.log.append({ type: 'text', text });
  }
}
