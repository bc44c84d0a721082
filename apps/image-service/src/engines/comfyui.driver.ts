import { randomUUID } from 'node:crypto';
import { AppError, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import type { HistoryEntry, OutputFile, SocketMessage } from './comfyui-messages.ts';
import { ComfyuiClient } from './comfyui.client.ts';
import { ComfyuiSocket } from './comfyui-socket.ts';
import type { EngineDoor } from './engine-door.ts';
import { OUTPUT_NODE, SAMPLER_NODE, textToImage } from './flux-workflow.ts';
import type { ImageEngine, RenderListener, RenderOrder } from './image-engine.ts';

/** The safety net under the socket: events are not repeated, and a socket can go silent for good. */
const POLL_MS = 2_000;

/**
 * Renders with ComfyUI: submits, follows the socket to the end of the execution, reads the history, fetches the file.
 * The socket tells of progress; whether the render has ended is decided by the history alone.
 */
@Injectable()
export class ComfyuiDriver implements ImageEngine {
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  async render(order: RenderOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    const client = new ComfyuiClient(door);
    const clientId = randomUUID();
    const end = new ExecutionEnd(this.clock, this.settings.silenceMs);
    const onAbort = (): void => end.reject(door.signal.reason);
    door.signal.addEventListener('abort', onAbort, { once: true });
    // Before the submission, or its first events would be missed.
    const socket = await ComfyuiSocket.open(door, clientId, {
      message: (message) => this.hear(message, order, listener, end),
      preview: (frame) => {
        end.heard();
        if (frame.promptId === order.promptId) listener.preview(frame.picture, frame.contentType);
      },
      closed: () => this.log.debug('comfyui.socket_closed', { promptId: order.promptId }),
    });
    const polling = new AbortController();
    try {
      await this.submit(client, order, clientId);
      const watched = this.pollUntilEnd(client, order.promptId, end, polling.signal);
      watched.catch((error: unknown) => end.reject(error));
      const entry = await end.promise;
      return await client.fetchFile(fileOf(entry));
    } finally {
      polling.abort();
      end.stop();
      socket.close();
      door.signal.removeEventListener('abort', onAbort);
    }
  }

  /** An order that the engine has already, running or ended, is not given twice. */
  private async submit(client: ComfyuiClient, order: RenderOrder, clientId: string): Promise<void> {
    const isKnown =
      (await client.isQueued(order.promptId)) || (await client.history(order.promptId)) !== null;
    if (isKnown) {
      this.log.event('render.adopt', { promptId: order.promptId });
      return;
    }
    await client.submit({ promptId: order.promptId, clientId, workflow: textToImage(order) });
  }

  private hear(
    message: SocketMessage,
    order: RenderOrder,
    listener: RenderListener,
    end: ExecutionEnd,
  ): void {
    end.heard();
    if (message.data.prompt_id !== order.promptId) return;
    switch (message.type) {
      case 'execution_start':
        listener.started();
        break;
      case 'progress':
        if (message.data.node === SAMPLER_NODE) listener.progress(message.data.value, message.data.max);
        break;
      case 'executing':
        // Only now is the history entry there.
        if (message.data.node === null) end.look();
        break;
      case 'execution_error':
        end.note(failureOf(message.data.exception_type, message.data.node_type));
        break;
      case 'execution_interrupted':
        break;
    }
  }

  private async pollUntilEnd(
    client: ComfyuiClient,
    promptId: string,
    end: ExecutionEnd,
    signal: AbortSignal,
  ): Promise<void> {
    let wasQueued = true;
    while (!signal.aborted) {
      await Promise.race([end.looked(), pause(this.clock, POLL_MS, signal)]).catch(() => undefined);
      if (signal.aborted) return;
      const entry = await client.history(promptId);
      if (entry !== null) {
        end.settle(entry);
        return;
      }
      const isQueued = await client.isQueued(promptId);
      // Gone from the queue and still not in the history, twice in a row: ComfyUI was restarted, or somebody deleted it.
      if (!isQueued && !wasQueued) throw new AppError('image.interrupted', { promptId, reason: 'gone' });
      wasQueued = isQueued;
    }
  }
}

/** Waits for the end of one execution, and counts silence: no event at all, from anybody, for too long. */
class ExecutionEnd {
  readonly promise: Promise<HistoryEntry>;
  private resolve: (entry: HistoryEntry) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;
  private failure: AppError | undefined;
  private lookNow: () => void = () => undefined;
  private isLookDue = false;
  private lastHeardAt: number;
  private cancelTimer: () => void;
  private readonly clock: Clock;
  private readonly silenceMs: number;

  constructor(clock: Clock, silenceMs: number) {
    this.clock = clock;
    this.silenceMs = silenceMs;
    this.promise = new Promise<HistoryEntry>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever submits first may fail before anybody waits here.
    this.promise.catch(() => undefined);
    this.lastHeardAt = clock.monotonic();
    this.cancelTimer = clock.after(silenceMs, this.checkSilence);
  }

  heard(): void {
    this.lastHeardAt = this.clock.monotonic();
  }

  /** Asks for a look at the history without waiting for the next poll. */
  look(): void {
    this.isLookDue = true;
    this.lookNow();
  }

  /** Resolves at the next `look`, or at once when there was one since the last time. */
  looked(): Promise<void> {
    if (this.isLookDue) {
      this.isLookDue = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.lookNow = () => {
        this.isLookDue = false;
        resolve();
      };
    });
  }

  /** Why the execution fails: told by an event, confirmed by the history. */
  note(failure: AppError): void {
    this.failure = failure;
  }

  settle(entry: HistoryEntry): void {
    const last = entry.status.messages.at(-1)?.[0];
    if (entry.status.status_str === 'success') this.resolve(entry);
    else if (last === 'execution_interrupted')
      this.reject(new AppError('image.interrupted', { reason: 'interrupted' }));
    else this.reject(this.failure ?? failureOf(exceptionIn(entry), undefined));
  }

  stop(): void {
    this.cancelTimer();
  }

  private readonly checkSilence = (): void => {
    const leftMs = this.silenceMs - (this.clock.monotonic() - this.lastHeardAt);
    if (leftMs <= 0) this.reject(new AppError('engine.stalled', { silenceMs: this.silenceMs }));
    else this.cancelTimer = this.clock.after(leftMs, this.checkSilence);
  };
}

function exceptionIn(entry: HistoryEntry): string | undefined {
  const error = entry.status.messages.find(([name]) => name === 'execution_error')?.[1];
  const type = error?.['exception_type'];
  return typeof type === 'string' ? type : undefined;
}

function failureOf(exceptionType: string | undefined, nodeType: string | undefined): AppError {
  const isMemory = exceptionType?.includes('OutOfMemory') ?? false;
  return new AppError(isMemory ? 'engine.out_of_memory' : 'image.render_failed', { exceptionType, nodeType });
}

function fileOf(entry: HistoryEntry): OutputFile {
  const file = entry.outputs[OUTPUT_NODE]?.images?.[0];
  if (file === undefined) throw new AppError('image.render_failed', { reason: 'no output' });
  return file;
}
