import { CardClient, unlimitedLedger } from '../card/card-client.ts';
import { questionKey, reportFinished } from '../card/finished-work.ts';
import { CardOutOfMemory } from '../card/ledger.ts';
import type { CardUsage, Ledger } from '../card/ledger.ts';
import { SimulatedClock } from '../clock.ts';
import { Control, dial, settingsDial } from '../control/control.ts';
import { FaultSwitchboard } from '../control/faults.ts';
import type { OllamaOptions } from '../options.ts';
import { z } from 'zod';
import { Downloads } from './downloads.ts';
import { defaultContextLength } from './eviction.ts';
import { parseDefaultKeepAlive } from './keep-alive.ts';
import { LoadedModel } from './loaded-model.ts';
import { HOUSEHOLD_MODELS, ModelStore, modelSpec, vramBytes } from './models.ts';
import type { Model } from './models.ts';
import { OllamaError, requestCanceled } from './ollama-error.ts';
import { startChild, startInline } from './runner.ts';
import type { LoadPlan, RunnerProcess } from './runner.ts';
import { Scheduler } from './scheduler.ts';
import type { ScheduleRequest, SchedulerPorts } from './scheduler.ts';
import { OLLAMA_FAULTS, defaultSettings, ollamaSettings } from './settings.ts';

const MIB = 1_024 * 1_024;
/** How often, and how long at most, the real program looks for the memory of an unloaded model. */
const RECOVERY_POLL_MS = 250;
const RECOVERY_LIMIT_MS = 5_000;
/** Part of a model's memory that must be back for the next load to begin. */
const RECOVERED_SHARE = 0.75;
/** How soon a hanging unload notices that its fault was switched off. */
const HANG_POLL_MS = 20;
/** These families, and all embedding models, get one slot whatever OLLAMA_NUM_PARALLEL says. */
const ONE_SLOT_FAMILIES = ['mllama', 'qwen3vl', 'qwen35', 'qwen3next', 'lfm2', 'nemotron_h'];

/** Everything of the simulated Ollama but its HTTP surface. */
export class OllamaEngine implements SchedulerPorts {
  readonly clock = new SimulatedClock();
  readonly settings = defaultSettings();
  readonly faults = new FaultSwitchboard(OLLAMA_FAULTS);
  readonly store = new ModelStore(HOUSEHOLD_MODELS, Date.now());
  readonly downloads = new Downloads(this.clock, this.store);
  readonly scheduler: Scheduler;
  readonly control: Control;
  readonly crash: () => void;
  readonly #card: string | Ledger;
  readonly #options: OllamaOptions;
  readonly #defaultKeepAliveMs: number;
  readonly #closing = new AbortController();
  /** Free memory as seen when the first of the present models was loaded; later users of the card are missed. */
  #freeBytesSeen = 0;
  /** How often hanging unloads were let go. */
  #unloadsFreed = 0;
  /** 0 until the card has said how large it is. */
  #totalBytes = 0;

  constructor(options: OllamaOptions) {
    this.#options = options;
    this.#card = options.card ?? unlimitedLedger();
    this.#defaultKeepAliveMs = parseDefaultKeepAlive(options.keepAlive);
    this.crash = options.crash ?? ((): void => void process.kill(process.pid, 'SIGKILL'));
    this.scheduler = new Scheduler(this, { maxLoaded: options.maxLoadedModels, maxQueue: options.maxQueue });
    this.control = new Control(
      {
        speed: dial({
          schema: z.number().positive().max(1_000_000),
          apply: (speed) => void (this.clock.speed = speed),
          show: () => this.clock.speed,
        }),
        settings: settingsDial(ollamaSettings, this.settings),
        faults: dial({
          schema: this.faults.schema,
          apply: (faults) => {
            this.faults.set(faults);
            if (faults.hang) this.#endHangInTime();
            if (faults.unloadHangs === false) this.#unloadsFreed += 1;
          },
          show: () => this.faults.describe(),
        }),
        models: dial({
          schema: z.array(modelSpec),
          apply: (specs) => this.store.replaceAll(specs, Date.now()),
          show: () => this.store.list(),
        }),
        crash: dial({
          schema: z.literal('now'),
          // After the answer has left; a program that dies in the middle of it would hide that it obeyed.
          apply: () => void setTimeout(() => this.crash(), 20),
          show: () => 'put "now" to end the program as SIGKILL does',
        }),
      },
      options.controlKey,
    );
  }

  /** Reads the card's size, as the real program discovers GPUs at start. Throws when the card does not answer. */
  async discover(): Promise<void> {
    this.#totalBytes = (await this.#probe()).totalBytes;
  }

  get contextLengthByDefault(): number {
    return this.#options.contextLength || defaultContextLength(this.#totalBytes);
  }

  contextLengthOf(model: Model, numCtx: number): number {
    return Math.min(numCtx, model.contextLength);
  }

  slotsOf(model: Model): number {
    const isSingle = model.capabilities.includes('embedding') || ONE_SLOT_FAMILIES.includes(model.family);
    return isSingle ? 1 : this.#options.numParallel;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.scheduler.close();
  }

  now(): number {
    return Date.now();
  }

  tellFinished(question: string): void {
    reportFinished(this.#card, { engine: 'ollama', key: questionKey(question) });
  }

  wantedBytes({ model, options }: ScheduleRequest): number {
    return vramBytes(model, this.contextLengthOf(model, options.numCtx), this.slotsOf(model));
  }

  isQueueFull(): boolean {
    return this.faults.strike('queueFull') !== null;
  }

  forgetsUnload(): boolean {
    return this.faults.strike('unloadIgnored') !== null;
  }

  async load(request: ScheduleRequest): Promise<LoadedModel> {
    const { model, options } = request;
    const free = await this.#probe(request.signal);
    if (this.scheduler.loaded().length === 0) this.#freeBytesSeen = free.freeBytes;
    const sizeBytes = this.wantedBytes(request);
    const contextBytes = Math.round(this.settings.contextMib * MIB);
    const share = this.faults.strike('partialOffload')?.share ?? 1;
    const factor = this.faults.strike('slowLoad')?.factor ?? 1;
    const plan: LoadPlan = {
      label: model.name,
      wantedBytes: Math.round(sizeBytes * share),
      contextBytes,
      loadMs:
        (this.settings.loadBaseMs + (sizeBytes / MIB / this.settings.loadMibPerSecond) * 1_000) * factor,
      speed: this.clock.speed,
    };
    const crash = this.faults.strike('loadCrash');
    if (crash) setTimeout(() => this.crash(), (plan.loadMs * crash.share) / plan.speed);
    if (this.faults.strike('loadOom')) {
      await this.clock.sleep(plan.loadMs / 2, request.signal).catch(() => Promise.reject(requestCanceled()));
      throw new OllamaError(
        500,
        `llama-server reported out-of-memory during startup: ${new CardOutOfMemory(sizeBytes, free.freeBytes).message}`,
      );
    }
    return new LoadedModel({
      model,
      options,
      contextLength: this.contextLengthOf(model, options.numCtx),
      sizeBytes,
      slotCount: this.slotsOf(model),
      process: await this.#start(plan, request.signal),
      keepAliveMs: request.keepAliveMs ?? this.#defaultKeepAliveMs,
    });
  }

  async stop(loaded: LoadedModel): Promise<{ memoryBack: Promise<void> }> {
    if (this.faults.strike('unloadHangs')) await this.#hangUntilFreed(loaded);
    const before = await this.#probe().catch(() => null);
    await loaded.process.kill();
    if (before === null) return { memoryBack: Promise.resolve() };
    return { memoryBack: this.#awaitMemory(before.freeBytes, loaded.process.vramBytes * RECOVERED_SHARE) };
  }

  async believedFreeBytes(loaded: readonly LoadedModel[]): Promise<number> {
    const own = loaded.reduce((sum, { process }) => sum + process.vramBytes, 0);
    return Math.max(0, this.#freeBytesSeen - own);
  }

  /** Until the fault is switched off, also one that struck once only, or the child is killed from outside. */
  async #hangUntilFreed(loaded: LoadedModel): Promise<void> {
    const freed = this.#unloadsFreed;
    const isOver = (): boolean => loaded.gone.signal.aborted || this.#closing.signal.aborted;
    while (this.#unloadsFreed === freed && !isOver()) await this.#pause(HANG_POLL_MS * this.clock.speed);
  }

  #endHangInTime(): void {
    const ms = this.faults.peek('hang')?.ms;
    if (ms !== undefined) setTimeout(() => this.faults.set({ hang: false }), ms / this.clock.speed).unref();
  }

  async #start(plan: LoadPlan, signal: AbortSignal): Promise<RunnerProcess> {
    try {
      if (typeof this.#card === 'string' && this.faults.strike('orphan')) {
        return await startChild(this.#card, plan, signal);
      }
      return await startInline(this.#card, plan, { clock: this.clock, signal });
    } catch (cause) {
      if (signal.aborted) throw requestCanceled();
      if (cause instanceof CardOutOfMemory) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new OllamaError(500, `llama-server process has terminated: exit status 1: ${why}`);
    }
  }

  /** Polls as the real program does. It also ends when somebody takes memory, for it compares unsigned numbers. */
  async #awaitMemory(freeBefore: number, wanted: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < RECOVERY_LIMIT_MS; waitedMs += RECOVERY_POLL_MS) {
      const usage = await this.#probe().catch(() => null);
      if (usage === null || this.#closing.signal.aborted) return;
      const gained = usage.freeBytes - freeBefore;
      if (gained >= wanted || gained < 0) return;
      await this.#pause(RECOVERY_POLL_MS);
    }
  }

  /** A helper process reads the card: a small context for a moment, which any observer of the card sees too. */
  async #probe(signal?: AbortSignal): Promise<CardUsage> {
    const client = await CardClient.connect(this.#card, {
      engine: 'ollama',
      pid: process.pid,
      contextBytes: 0,
    });
    try {
      const usage = await client.usage();
      const helperBytes = Math.min(usage.freeBytes, Math.round(this.settings.probeContextMib * MIB));
      const helper = await client.alloc('probe', helperBytes, 'scratch');
      await this.#pause(this.settings.probeMs, signal);
      await client.free(helper.id);
      return usage;
    } finally {
      await client.close();
    }
  }

  /** Ends early, without an error, when the engine closes or the signal aborts. */
  async #pause(simulatedMs: number, signal?: AbortSignal): Promise<void> {
    const either = signal ? AbortSignal.any([this.#closing.signal, signal]) : this.#closing.signal;
    await this.clock.sleep(simulatedMs, either).catch(() => undefined);
  }
}
