import type { Clock } from '@baton/kernel';
import type { EngineName, NodeEvent } from '@baton/contracts';
import type { Log, Metrics } from '@baton/platform';
import type { ProcessManagerConfig } from './config.ts';
import { EngineWatch } from './core/engine-watch.ts';
import { Gate } from './core/gate.ts';
import { buildEngines, type Engines } from './engines/build-engines.ts';
import { EngineHttp } from './engines/engine-http.ts';
import { ModelsService } from './engines/models.service.ts';
import { EngineRunsStore } from './drivers/engine-runs.store.ts';
import { endLeftOvers } from './drivers/left-overs.ts';
import type { CardService } from './gpu/card.service.ts';
import type { CardProbe } from './gpu/card-probe.ts';
import { openCardProbe } from './gpu/open-card-probe.ts';
import { watchCard } from './node/watch-card.ts';
import { buildCard } from './node/build-card.ts';
import { createGuardMetrics } from './guard/guard-metrics.ts';
import { GuardService } from './guard/guard.service.ts';
import { EngineRestartService } from './node/engine-restart.service.ts';
import type { NodeEngine } from './node/node-engine.ts';
import { NodeService } from './node/node.service.ts';
import { createNodeMetrics } from './node/node-metrics.ts';
import { FenceStore } from './swap/fence.store.ts';
import { FootprintsStore } from './swap/footprints.store.ts';
import { Sharing } from './swap/sharing.ts';
import { logSwap } from './swap/log-swap.ts';
import { ModelUnloadService } from './swap/model-unload.service.ts';
import { SwapService } from './swap/swap.service.ts';

export interface RuntimeParts {
  readonly config: ProcessManagerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: (event: NodeEvent) => void;
}

interface UnloadTools extends Pick<RuntimeParts, 'config' | 'clock' | 'log'> {
  readonly card: CardService;
}

/** How long the first look at what attached engines hold may take. */
const FIRST_LOOK_MS = 10_000;
/** Last lines of an engine that ended while starting. */
const SAID_LINES = 10;

/**
 * How many looks in a row an engine may leave unanswered in the middle of work, at up to 15 s each. Ollama's door is a
 * program apart from the one that computes; ComfyUI's is a thread beside it, which a load from a slow disk can hold up for
 * minutes.
 */
const SILENCES_AT_WORK: Readonly<Record<EngineName, number>> = { ollama: 4, comfyui: 20 };

/** Everything of this process that lives as long as it does: built in order, ended in the reverse one. */
export class Runtime {
  readonly engines: Engines;
  readonly guard: GuardService;
  readonly swaps: SwapService;
  readonly node: NodeService;
  readonly models: ModelsService;
  readonly restarts: EngineRestartService;
  readonly unloads: ModelUnloadService;
  private readonly watches: readonly EngineWatch[];
  readonly card: CardService;
  private readonly http: EngineHttp;

  private constructor(parts: RuntimeParts, built: Engines, http: EngineHttp, probe: CardProbe | null) {
    const { config, clock, log, metrics, tell } = parts;
    this.http = http;
    this.engines = built;
    const card = buildCard({
      config: config.card,
      probe,
      engines: built.all,
      owner: () => this.swaps.owner?.engine ?? null,
      clock,
    });
    this.card = card;
    const footprints = new FootprintsStore(config.files.footprints);
    const sharing = new Sharing(footprints, {
      isOn: config.card.isShared,
      minFreeMib: config.card.minFreeMib,
    });
    const fences = new FenceStore(config.files.fence);
    const gate = new Gate(fences.highestFence);
    const guardMetrics = createGuardMetrics(metrics, () => this.guard.openConnections);
    this.guard = new GuardService({
      gate,
      fences,
      clock,
      engines: this.engines,
      metrics: guardMetrics,
      onEngineError: (engine) => this.swaps.relieve(`${engine} reported an error`),
      onLeaseOver: () => this.unloads.leaseOver(),
      ...config.guard,
    });
    const { all: engines } = this.engines;
    const nodeMetrics = createNodeMetrics(metrics, card, engines);
    this.swaps = new SwapService({
      engines,
      guard: this.guard,
      card,
      sharing,
      clock,
      gate,
      fences,
      times: config.swap,
      reports: {
        phase: (swapId, phase) => tell({ type: 'swap.phase', swapId, phase }),
        unloaded: (lane) => tell({ type: 'model.unloaded', lane }),
        relieved: (names, why, error) => {
          if (error === undefined) log.warn('gpu.relieved', { engines: names, why });
          else log.error('gpu.relieved', error, { engines: names, why });
        },
        ended: (end, deeds, error) => {
          tell({ type: 'swap.ended', end });
          nodeMetrics.swapEnded(end, deeds);
          logSwap(log, end, deeds, error);
          this.node.lookAgain();
        },
      },
    });
    this.node = new NodeService({ node: config.node, engines, card, gate, swaps: this.swaps, clock, tell });
    const { ollama } = this.engines;
    this.models = new ModelsService({
      url: () => this.engines.urlOf('ollama'),
      read: (url) => ollama.models(url),
      path: config.files.models,
      clock,
    });
    this.unloads = this.makeUnloads({ card, clock, log, config });
    this.restarts = new EngineRestartService({
      engines,
      guard: this.guard,
      swaps: this.swaps,
      onGone: () => card.forgetResidue(),
      report: (engine, why, error) => {
        if (error === null) log.warn('engine.restart', { engine, why });
        else log.error('engine.restart', error, { engine, why });
      },
    });
    this.watches = engines.map((engine) => this.watchOver(engine, clock));
    for (const engine of engines) {
      engine.managed.onChange((state) => log.event('engine.change', { engine: engine.name, state }));
      engine.managed.onExit(({ code, signal, lastOutput }) => {
        card.forgetResidue();
        this.swaps.engineEnded(engine.name);
        // Before its first request an engine has seen no prompt: what it says then is the reason, and safe to log.
        const said = engine.managed.state === 'starting' ? { said: lastOutput.slice(-SAID_LINES) } : {};
        log.warn('engine.exit', { engine: engine.name, code, signal, ...said });
      });
    }
  }

  /** Ends what a killed predecessor left, then starts. Resolves before the engines are up: they show in the status. */
  static async open(parts: RuntimeParts): Promise<Runtime> {
    const { config, clock, log } = parts;
    const runs = new EngineRunsStore(config.files.runs);
    for (const leftOver of await endLeftOvers(runs, clock)) log.warn('engine.left_over', { ...leftOver });
    const probe = await openCardProbe(config.card, clock);
    const http = new EngineHttp();
    const engines = await buildEngines(config, { runs, http, clock });
    const runtime = new Runtime(parts, engines, http, probe);
    watchCard({ ...parts, card: runtime.card, swaps: runtime.swaps });
    await runtime.begin(parts);
    return runtime;
  }

  /** Stops what is ours, with all engines at once. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    const swapEnded = this.swaps.close();
    this.guard.close();
    const nodeEnded = this.node.close();
    const watchesEnded = this.watches.map((watch) => watch.close());
    // A unit, a container or a workload has a life of its own, and only a child ends with us.
    const children = this.engines.all.filter(({ managed }) => managed.kind === 'child');
    const stopped = await Promise.allSettled(children.map(({ managed }) => managed.stop()));
    await Promise.all(this.engines.all.map(({ managed }) => managed.close()));
    await Promise.all([swapEnded, nodeEnded, ...watchesEnded]);
    await this.card.close();
    await this.http.close();
    for (const end of stopped) if (end.status === 'rejected') throw end.reason;
  }

  private async begin({ config, log }: RuntimeParts): Promise<void> {
    const { all } = this.engines;
    await Promise.all(all.map(({ managed }) => managed.adopt()));
    const heldMib = await this.heldMib();
    await this.card.start(heldMib);
    this.node.start();
    for (const watch of this.watches) watch.start();
    const started = all
      .filter(({ name, managed }) => managed.canStop && config[name].startsAtBoot)
      .map(({ name, managed }) =>
        managed.ensureReady().catch((error: unknown) => log.error('engine.start', error, { engine: name })),
      );
    if (heldMib > 0) return;
    void Promise.all(started).then(() => this.card.settle());
  }

  private makeUnloads({ card, clock, log, config }: UnloadTools): ModelUnloadService {
    const { all, ollama } = this.engines;
    const engine = all.find(({ name }) => name === 'ollama');
    if (engine === undefined) throw new Error('a node has an Ollama');
    return new ModelUnloadService({
      engine,
      ollama,
      swaps: this.swaps,
      card,
      clock,
      freeMs: config.swap.freeMs,
      onChange: () => {
        this.models.forget();
        this.node.lookAgain();
      },
      report: (model, unloaded, error) => {
        if (unloaded === null) log.error('model.unload', error, { model });
        else log.event('model.unload', { model, ms: unloaded.took_ms, freedBytes: unloaded.freed_bytes });
      },
    });
  }

  private watchOver(engine: NodeEngine, clock: Clock): EngineWatch {
    const { name, managed } = engine;
    const symptom = this.engines.symptomOf(name);
    return new EngineWatch({
      clock,
      times: { silencesAtWork: SILENCES_AT_WORK[name] },
      isAnswering: (limitMs) => managed.isAnswering(limitMs),
      symptom: () =>
        engine.url === null ? Promise.resolve(null) : symptom(engine.url, AbortSignal.timeout(FIRST_LOOK_MS)),
      isOwner: () => this.swaps.owner?.engine === name,
      isWorking: () => this.swaps.owner?.engine === name && this.guard.isInUse,
      // One that is not ours cannot be helped; that it does not answer shows in its state.
      isLeftAlone: () => !managed.canStop || managed.state !== 'ready' || this.swaps.swap !== null,
      onTrouble: (why) => this.restarts.restart(name, why),
    });
  }

  private async heldMib(): Promise<number> {
    const signal = AbortSignal.timeout(FIRST_LOOK_MS);
    const held = await Promise.all(
      this.engines.all.map(({ url, software }) =>
        url === null ? Promise.resolve(0) : software.heldMib(url, signal).catch(() => 0),
      ),
    );
    return held.reduce((sum, mib) => sum + mib, 0);
  }
}
