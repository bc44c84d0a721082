import { AppError, codeOf, type Clock, type ErrorCode } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import type { ObjectInfo } from '../workflows/check-workflow.ts';
import type { HistoryEntry } from './comfyui-messages.ts';
import { ComfyuiClient } from './comfyui.client.ts';
import type { SocketListener } from './comfyui-socket.ts';
import type { EngineDoor } from './engine-door.ts';
import { fileOf, isSuccess } from './execution-end.ts';
import { ExecutionSocket } from './execution-socket.ts';
import { ExecutionWatch } from './execution-watch.ts';
import type { GivenOrder, ImageEngine, RenderListener, RenderOrder } from './image-engine.ts';

/** The safety net under the socket: events are not repeated, and a socket can go silent for good. */
const POLL_MS = 2_000;
/** ComfyUI answers late while weights are moved; only one that fails so often in a row is not there. */
const MAX_FAILED_POLLS = 3;
const MAY_PASS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['engine.unavailable', 'engine.failed']);

interface Following {
  readonly client: ComfyuiClient;
  readonly socket: ExecutionSocket;
  readonly watch: ExecutionWatch;
  readonly promptId: string;
  readonly signal: AbortSignal;
}

interface Execution {
  readonly order: GivenOrder;
  readonly door: EngineDoor;
  readonly listener: RenderListener;
}

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

  async has(promptId: string, door: EngineDoor): Promise<boolean> {
    const client = new ComfyuiClient(door, door.signal);
    if (await client.isQueued(promptId)) return true;
    const entry = await client.history(promptId);
    return entry !== null && isSuccess(entry);
  }

  render(order: RenderOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    return this.execute({ order, door, listener }, (client) => this.submit(client, order));
  }

  follow(order: GivenOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    this.log.event('render.follow', { promptId: order.promptId });
    return this.execute({ order, door, listener }, () => Promise.resolve());
  }

  bring(picture: { readonly name: string; readonly bytes: Buffer }, door: EngineDoor): Promise<string> {
    return new ComfyuiClient(door, door.signal).upload(picture);
  }

  async describe(classes: readonly string[], door: EngineDoor): Promise<ObjectInfo> {
    const client = new ComfyuiClient(door, door.signal);
    const described = await Promise.all(classes.map((name) => client.objectInfo(name)));
    return Object.assign({}, ...described) as ObjectInfo;
  }

  private async execute(
    execution: Execution,
    begin: (client: ComfyuiClient) => Promise<void>,
  ): Promise<Buffer> {
    const { order, door } = execution;
    const { promptId } = order;
    // Ends everything at once, however this is left.
    const stop = new AbortController();
    const signal = AbortSignal.any([door.signal, stop.signal]);
    const client = new ComfyuiClient(door, signal);
    const watch = new ExecutionWatch(this.clock, this.settings.silenceMs, (error) => stop.abort(error));
    const socket = new ExecutionSocket(door, {
      // Events go to the client that submitted; under the prompt's own id whoever follows it later gets them.
      clientId: promptId,
      clock: this.clock,
      signal,
      listener: this.socketListener(execution, watch),
    });
    try {
      // Before the submission, or its first events would be missed.
      await socket.open();
      await begin(client);
      const entry = await this.ended({ client, socket, watch, promptId, signal });
      return await client.fetchFile(fileOf(entry, order.output));
    } finally {
      watch.end();
      socket.close();
      stop.abort();
    }
  }

  /** An answer that did not come leaves open whether the order was taken. */
  private async submit(client: ComfyuiClient, order: RenderOrder): Promise<void> {
    const { promptId, graph } = order;
    try {
      await client.submit({ promptId, clientId: promptId, workflow: graph });
    } catch (error) {
      if (codeOf(error) !== 'engine.unavailable') throw error;
      const isTaken = (await client.isQueued(promptId)) || (await client.history(promptId)) !== null;
      if (!isTaken) throw error;
    }
  }

  private socketListener({ order, listener }: Execution, watch: ExecutionWatch): SocketListener {
    const { promptId, sampler } = order;
    let isLossTold = false;
    return {
      heard: () => watch.heard(),
      preview: (frame) => {
        if (frame.promptId === promptId) listener.preview(frame.picture, frame.contentType);
      },
      message: ({ type, data }) => {
        if (data.prompt_id !== promptId) return;
        if (type === 'progress' && data.node === sampler) listener.progress(data.value, data.max);
        if (type !== 'executing') return;
        // The history is written before this and after everything else.
        if (data.node === null) watch.look();
        else listener.node(data.node);
      },
      lost: () => {
        // At once for the first time only: a socket that is closed whenever it is opened waits for the next look.
        if (isLossTold) return;
        isLossTold = true;
        this.log.warn('render.socket_lost', { promptId });
        watch.look();
      },
    };
  }

  private async ended({ client, socket, watch, promptId, signal }: Following): Promise<HistoryEntry> {
    let failedPolls = 0;
    let wasThere = true;
    for (;;) {
      await watch.nextLook(POLL_MS, signal);
      try {
        const entry = await client.history(promptId);
        if (entry !== null) return entry;
        const isThere = await client.isQueued(promptId);
        // It may have ended between the two questions; twice in a row it is gone: a restart, or somebody deleted it.
        if (!isThere && !wasThere) throw new AppError('image.interrupted', { promptId, reason: 'gone' });
        wasThere = isThere;
        failedPolls = 0;
        await socket.mend();
      } catch (error) {
        failedPolls += 1;
        if (signal.aborted || !MAY_PASS.has(codeOf(error)) || failedPolls >= MAX_FAILED_POLLS) throw error;
      }
    }
  }
}
