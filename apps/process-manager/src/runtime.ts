import type { Clock } from '@baton/kernel';
import type { NodeEvent, SwapEnd } from '@baton/contracts';
import type { Log, Metrics } from '@baton/platform';
import type { ProcessManagerConfig } from './config.ts';
import { Gate } from './core/gate.ts';
import { buildEngines, type Engines } from './engines/build-engines.ts';
import { EngineHttp } from './engines/engine-http.ts';
import { ModelsService } from './engines/models.service.ts';
import { EngineRunsStore } from './drivers/engine-runs.store.ts';
import { endLeftOvers } from './drivers/left-overs.ts';
import { CardService } from './gpu/card.service.ts';
import { MemoryFloor } from './gpu/memory-floor.ts';
import { openCardProbe } from './gpu/open-card-probe.ts';
import { createGuardMetrics } from './guard/guard-metrics.ts';
import { GuardService } from './guard/guard.service.ts';
import { NodeService } from './node/node.service.ts';
import { createNodeMetrics } from './node/node-metrics.ts';
import { FenceStore } from './swap/fence.store.ts';
import type { SwapResult } from './swap/swap-run.ts';
import { SwapService } from './swap/swap.service.ts';

export interface RuntimeParts {
  readonly config: ProcessManagerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: (event: NodeEvent) => void;
}

/** The driver tells of freed memory up to 1.5 s late. */
const SETTLE_MS = 1_500;
/** How long the first look at what attached engines hold may take. */
const FIRST_LOOK_MS = 10_000;
/** Last lines of an engine that ended while starting. */
const SAID_LINES = 10;

/** Everything of this process that lives as long as it does: built in order, ended in the reverse one. */
export class Runtime {
  readonly engines: Engines;
  readonly guard: GuardService;
  readonly swaps: SwapService;
  readonly node: NodeService;
  readonly models: ModelsService;
  private readonly card: CardService;
  private readonly http: EngineHttp;

  private constructor(parts: RuntimeParts, runs: EngineRunsStore, http: EngineHttp, card: CardService) {
    const { config, clock, log, metrics, tell } = parts;
    this.http = http;
    this.card = card;
    this.engines = buildEngines(config, { runs, http, clock });
    const fences = new FenceStore(config.files.fence);
    const gate = new Gate(fences.highestFence);
    const guardMetrics = createGuardMetrics(metrics, () => this.guard.openConnections);
    this.guard = new GuardService({
      gate,
      fences,
      clock,
      engines: this.engines,
      metrics: guardMetrics,
      ...config.guard,
    });
    const { all: engines } = this.engines;
    const nodeMetrics = createNodeMetrics(metrics, card, engines);
    this.swaps = new SwapService({
      engines,
      guard: this.guard,
      card,
      clock,
      gate,
      fences,
      times: config.swap,
      reports: {
        phase: (swapId, phase) => tell({ type: 'swap.phase', swapId, phase }),
        ended: (end, result, error) => {
          tell({ type: 'swap.ended', end });
          nodeMetrics.swapEnded(end);
          logSwap(log, end, result, error);
          for (const engine of engines) void engine.refresh(AbortSignal.timeout(FIRST_LOOK_MS));
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
    const floor = new MemoryFloor({ residueMib: config.card.residueMib, settleMs: SETTLE_MS });
    const card = new CardService(probe, floor, clock);
    const runtime = new Runtime(parts, runs, new EngineHttp(), card);
    await runtime.begin(parts);
    return runtime;
  }

  /** Stops what is ours, with all engines at once. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    const swapEnded = this.swaps.close();
    this.guard.close();
    const nodeEnded = this.node.close();
    await Promise.all(this.engines.all.map(({ managed }) => managed.stop()));
    await Promise.all([swapEnded, nodeEnded]);
    await this.card.close();
    await this.http.close();
  }

  private async begin({ config, log }: RuntimeParts): Promise<void> {
    const { all } = this.engines;
    await Promise.all(all.map(({ managed }) => managed.check()));
    const heldMib = await this.heldMib();
    await this.card.start(heldMib);
    this.node.start();
    const started = all
      .filter(({ name, managed }) => managed.kind === 'child' && config[name].startsAtBoot)
      .map(({ name, managed }) =>
        managed.ensureReady().catch((error: unknown) => log.error('engine.start', error, { engine: name })),
      );
    if (heldMib > 0) return;
    void Promise.all(started).then(() => this.card.settle());
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

function logSwap(log: Log, end: SwapEnd, result: SwapResult | null, error: unknown): void {
  const { record } = end;
  const fields = {
    swapId: end.swapId,
    fence: end.fence,
    from: record.from?.engine ?? null,
    to: record.to?.engine ?? null,
    model: record.to?.model ?? null,
    outcome: end.outcome,
    ms: record.total_ms,
    ...Object.fromEntries(record.phases.map(({ phase, ms }) => [`${phase}Ms`, ms])),
  };
  if (end.outcome === 'failed') log.error('gpu.swap', error, fields);
  else log.event('gpu.swap', { ...fields, loaded: result?.loaded, stopped: result?.stopped });
}
