import type { FaultSwitchboard } from '../control/faults.ts';
import { ExecutionOrder } from './execution-order.ts';
import type { Folders } from './folders.ts';
import type { Interruption } from './interruption.ts';
import type { Encoded, NodeClass, NodeContext } from './nodes/node-class.ts';
import { Inputs } from './nodes/node-class.ts';
import type { NodeRegistry } from './nodes/registry.ts';
import { describeValue } from './nodes/values.ts';
import { OutputCache } from './output-cache.ts';
import type { Painter } from './picture/painter.ts';
import { PromptProgress } from './progress.ts';
import type { FinishedRun, Message, NodeUi, QueueItem } from './prompt-queue.ts';
import type { Prompt } from './prompt.ts';
import { Interrupted, isLink, PythonError, TorchOutOfMemory, WorkerDied } from './prompt.ts';
import type { COMFYUI_FAULTS, ComfyuiSettings } from './settings.ts';
import { isAtLeast } from './settings.ts';
import type { SocketHub } from './socket-hub.ts';
import type { Vram } from './vram.ts';
import type { WorkTime } from './work-time.ts';

export interface ExecutorParts {
  readonly settings: ComfyuiSettings;
  readonly faults: FaultSwitchboard<typeof COMFYUI_FAULTS>;
  readonly registry: NodeRegistry;
  readonly folders: Folders;
  readonly hub: SocketHub;
  readonly vram: Vram;
  readonly time: WorkTime;
  readonly painter: Painter;
  readonly interruption: Interruption;
  readonly crash: () => void;
}

const TRACEBACK = [
  '  File "/opt/comfyui/execution.py", line 545, in execute\n    output_data, output_ui, has_subgraph, has_pending_tasks = await get_output_data(...)\n',
];
const OOM_TIP =
  'This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have ' +
  'accidentally set the batch_size to a large number.';

/** What a run has come to so far. */
interface Run {
  readonly promptId: string;
  readonly prompt: Prompt;
  readonly extraData: Record<string, unknown>;
  readonly messages: Message[];
  readonly progress: PromptProgress;
  readonly executed: Set<string>;
  readonly ui: Record<string, NodeUi>;
}

/** Runs one prompt after the other, with the events of the real server in their order. Only the worker calls it. */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #cache = new OutputCache();
  /** Who gets the events; stays set after a run, as in the real server, until the next one begins. */
  #owner: string | null = null;
  #runningNode: string | null = null;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  get owner(): string | null {
    return this.#owner;
  }

  /** The node that runs, if the prompt is this client's. */
  runningNodeOf(clientId: string): string | null {
    return this.#owner === clientId ? this.#runningNode : null;
  }

  /** Forgets every output: the next run starts cold. */
  reset(): void {
    this.#cache.clear();
  }

  /** Throws WorkerDied when the real worker would not survive. */
  async execute(item: QueueItem): Promise<FinishedRun> {
    const [, promptId, prompt, extraData, outputs] = item;
    const { registry, folders, settings, faults, interruption } = this.#parts;
    this.#owner = typeof extraData['client_id'] === 'string' ? extraData['client_id'] : null;
    interruption.reset();
    const run: Run = {
      ...{ promptId, prompt, extraData, messages: [], executed: new Set(), ui: {} },
      progress: new PromptProgress(promptId),
    };
    this.#tell(run, 'execution_start', {});
    await this.#cache.enter(prompt, { registry, folders, keep: settings.nodeCache });
    const cached = Object.keys(prompt).filter((id) => this.#cache.get(id) !== undefined);
    this.#tell(run, 'execution_cached', { nodes: cached });
    if (faults.strike('zombie')) throw new WorkerDied('a fault');
    const order = new ExecutionOrder(prompt, registry, (id) => this.#cache.get(id) !== undefined);
    for (const output of outputs) order.add(output);
    for (let id = order.next(); id !== null; id = order.next()) {
      const failure = await this.#runNode(run, id);
      if (failure !== null) return this.#fail(run, id, failure);
      order.done(id);
    }
    this.#runningNode = null;
    this.#tell(run, 'execution_success', {});
    return finished(run, 'success');
  }

  /** Null when the node is done; else what went wrong. */
  async #runNode(run: Run, id: string): Promise<Error | null> {
    const { promptId, progress } = run;
    const hit = this.#cache.get(id);
    if (hit !== undefined) {
      if (hit.ui !== null) run.ui[id] = hit.ui;
      this.#tellOwner('executed', { node: id, display_node: id, output: hit.ui, prompt_id: promptId });
      progress.finish(id);
      this.#tellProgress(run);
      return null;
    }
    const node = run.prompt[id];
    const nodeClass = node && this.#parts.registry.get(node.class_type);
    if (nodeClass === undefined) throw new WorkerDied(`no class for node ${id}`);
    progress.start(id);
    this.#tellProgress(run);
    if (this.#owner !== null) this.#runningNode = id;
    this.#tellOwner('executing', { node: id, display_node: id, prompt_id: promptId });
    try {
      this.#parts.interruption.check();
      this.#strikeNodeFaults(nodeClass);
      const context = this.#contextOf(run, id);
      const result = await nodeClass.run(new Inputs(this.#resolved(run.prompt, id)), context);
      const ui = result.ui ?? null;
      this.#cache.set(id, { outputs: result.outputs, ui });
      if (ui !== null) {
        run.ui[id] = ui;
        this.#tellOwner('executed', { node: id, display_node: id, output: ui, prompt_id: promptId });
      }
    } catch (cause) {
      if (cause instanceof Interrupted || cause instanceof PythonError) return cause;
      throw cause;
    }
    progress.finish(id);
    this.#tellProgress(run);
    run.executed.add(id);
    return null;
  }

  async #fail(run: Run, id: string, failure: Error): Promise<FinishedRun> {
    this.#runningNode = null;
    const about = {
      node_id: id,
      node_type: run.prompt[id]?.class_type,
      executed: [...run.executed],
    };
    if (failure instanceof Interrupted) {
      this.#tell(run, 'execution_interrupted', about, 'everybody');
      return finished(run, 'error');
    }
    const isOutOfMemory = failure instanceof TorchOutOfMemory;
    if (isOutOfMemory) await this.#parts.vram.unloadAll();
    this.#tell(run, 'execution_error', {
      ...about,
      exception_message: `${failure.message}\n${isOutOfMemory ? OOM_TIP : ''}`,
      exception_type: failure instanceof PythonError ? failure.type : failure.name,
      traceback: TRACEBACK,
      current_inputs: this.#describedInputs(run.prompt, id),
      current_outputs: Object.keys(run.prompt),
    });
    return finished(run, 'error');
  }

  #contextOf(run: Run, id: string): NodeContext {
    const { settings, time, vram, folders, painter, faults, crash, hub } = this.#parts;
    vram.onLoad = () => {
      if (!isAtLeast(settings, '0.38.0')) return;
      run.progress.start(id, 'loading');
      this.#tellProgress(run);
    };
    return {
      ...{ nodeId: id, prompt: run.prompt, extraData: run.extraData },
      ...{ settings, time, vram, folders, painter },
      wantsPreviews: wantsPreviews(run.extraData, settings),
      progress: (value, max, picture) => this.#progress(run, id, { value, max, picture }),
      async stepDone(step) {
        const slow = faults.strike('slowStep');
        if (slow) await time.pass(slow.ms);
        if (faults.strike('dropSockets', ({ afterSteps }) => step >= afterSteps)) hub.cut();
        if (faults.strike('crash', ({ afterSteps }) => step >= afterSteps)) crash();
      },
    };
  }

  /** A picture with metadata goes out before the number, a plain one after it. */
  async #progress(
    run: Run,
    id: string,
    step: { value: number; max: number; picture: (() => Promise<Encoded>) | undefined },
  ): Promise<void> {
    const { hub, interruption, time } = this.#parts;
    const { value, max, picture } = step;
    interruption.check();
    run.progress.update(id, value, max);
    const hasPicture = picture !== undefined;
    if (!run.progress.passes(id, { value, max, hasPicture, nowMs: time.nowMs() })) return;
    const encoded = picture === undefined ? null : await picture();
    const takesMetadata = hub.understandsMetadata(this.#owner);
    this.#tellProgress(run);
    if (encoded !== null && takesMetadata) {
      const ids = { node_id: id, prompt_id: run.promptId, display_node_id: id };
      hub.sendPictureWithMetadata(this.#owner, encoded, { ...ids, parent_node_id: null, real_node_id: id });
    }
    hub.send(this.#owner, 'progress', { value, max, prompt_id: run.promptId, node: id });
    if (encoded !== null && !takesMetadata) hub.sendPicture(this.#owner, encoded);
  }

  #strikeNodeFaults({ name }: NodeClass): void {
    const { faults } = this.#parts;
    if (faults.strike('oom', ({ nodeClass }) => nodeClass === name)) {
      throw new TorchOutOfMemory('CUDA out of memory. Tried to allocate 2.00 GiB.');
    }
    const error = faults.strike('nodeError', ({ nodeClass }) => nodeClass === name);
    if (error) throw new PythonError('RuntimeError', error.message);
  }

  /** Links replaced by what came over them. */
  #resolved(prompt: Prompt, id: string): Record<string, unknown> {
    const inputs = Object.entries(prompt[id]?.inputs ?? {});
    return Object.fromEntries(
      inputs.map(([name, value]) => [
        name,
        isLink(value) ? this.#cache.get(value[0])?.outputs[value[1]] : value,
      ]),
    );
  }

  #describedInputs(prompt: Prompt, id: string): Record<string, unknown[]> {
    const inputs = Object.entries(this.#resolved(prompt, id));
    return Object.fromEntries(inputs.map(([name, value]) => [name, [describeValue(value)]]));
  }

  /** A message that the history keeps. Without an owner only those for everybody are sent. */
  #tell(run: Run, event: string, data: Record<string, unknown>, to: 'owner' | 'everybody' = 'owner'): void {
    const full = { prompt_id: run.promptId, ...data, timestamp: Date.now() };
    run.messages.push([event, full]);
    if (this.#owner !== null || to === 'everybody') this.#parts.hub.send(this.#owner, event, full);
  }

  #tellOwner(event: string, data: Record<string, unknown>): void {
    if (this.#owner !== null) this.#parts.hub.send(this.#owner, event, data);
  }

  #tellProgress(run: Run): void {
    this.#parts.hub.send(this.#owner, 'progress_state', run.progress.state());
  }
}

function wantsPreviews(
  { preview_method: asked }: Record<string, unknown>,
  settings: ComfyuiSettings,
): boolean {
  const isKnown = isAtLeast(settings, '0.5.0') && typeof asked === 'string' && asked !== 'default';
  return (isKnown ? asked : settings.previewMethod) !== 'none';
}

function finished({ ui, messages }: Run, verdict: 'success' | 'error'): FinishedRun {
  const meta = Object.keys(ui).map((id) => [
    id,
    { node_id: id, display_node: id, parent_node: null, real_node_id: id },
  ]);
  return {
    outputs: ui,
    status: { status_str: verdict, completed: verdict === 'success', messages },
    meta: Object.fromEntries(meta) as Record<string, unknown>,
  };
}
