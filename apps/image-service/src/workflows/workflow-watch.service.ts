import { describeNodeClasses, type WantedSettings } from '@baton/contracts';
import { AppError, codeOf, pause, type Clock, type FieldIssue } from '@baton/kernel';
import { CLOCK, Log, Metrics, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PROCESS_MANAGER } from '../tokens.ts';
import { choicesOf, objectInfo, type ObjectInfo } from './check-workflow.ts';
import type { PreparedWorkflow } from './read-workflow.ts';
import type { SlotName } from './workflow-slots.ts';
import { WORKFLOW_KINDS, WorkflowsService, classesOf, invalid, misfitsOf } from './workflows.service.ts';

/** ComfyUI may have come up, or been mended. */
const AGAIN_AFTER_MS = 60_000;

type Verdict = 'fits' | 'misfit' | 'unknown';

/**
 * Looks whether the graphs fit ComfyUI before anybody asks for a picture: at the start, and again and again, through the
 * process-manager and without a lease. While ComfyUI does not run nothing is known, and nothing is said against a graph.
 */
@Injectable()
export class WorkflowWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly workflows: WorkflowsService;
  /** Null with several GPUs: no single ComfyUI speaks for the others. */
  private readonly node: Pick<CallClient, 'call'> | null;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly fits;
  private readonly closing = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly problemsOf = new Map<string, string>();
  private readonly verdicts = new Map<string, Verdict>();
  /** What ComfyUI last said of the nodes of each graph. */
  private readonly knownOf = new Map<string, ObjectInfo>();

  constructor(
    workflows: WorkflowsService,
    @Inject(PROCESS_MANAGER) node: Pick<CallClient, 'call'> | null,
    metrics: Metrics,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.workflows = workflows;
    this.node = node;
    this.clock = clock;
    this.log = log;
    this.fits = metrics.gauge({
      name: 'baton_workflow_fits',
      help: 'Whether a graph fits ComfyUI: 1 it does, 0 it does not, -1 not known (ComfyUI does not run)',
      labelNames: ['kind'],
    });
  }

  /** In the background: who is away must not keep the service from answering. */
  onApplicationBootstrap(): void {
    this.running = this.goOn().catch(() => undefined);
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  /**
   * The graph of a kind, unless it is known not to fit. That it did not fit before is not enough: it is looked at again,
   * since whoever has mended ComfyUI tries it at once.
   *
   * @throws AppError `image.workflow_invalid`, naming node and input; `image.no_upscaler`
   */
  async usable(kind: (typeof WORKFLOW_KINDS)[number]): Promise<PreparedWorkflow> {
    const workflow = this.workflows.get(kind);
    if (this.verdicts.get(workflow.hash) !== 'misfit') return workflow;
    const problems = await this.look(workflow);
    if (problems !== null && problems.length > 0) throw invalid(problems);
    return workflow;
  }

  /**
   * Whether ComfyUI has the sampler and the scheduler that somebody chose. As with graphs, only a live answer refuses.
   *
   * @throws AppError `request.invalid`, naming those that it has
   */
  async mustHave(
    workflow: PreparedWorkflow,
    chosen: Pick<WantedSettings, 'sampler' | 'scheduler'>,
  ): Promise<void> {
    if (this.strangers(workflow, chosen).length === 0 || (await this.look(workflow)) === null) return;
    const issues = this.strangers(workflow, chosen);
    if (issues.length > 0) throw new AppError('request.invalid', {}, { issues });
  }

  /** Whether there is a graph for this, whatever ComfyUI says of it. */
  has(kind: (typeof WORKFLOW_KINDS)[number]): boolean {
    return this.workflows.find(kind) !== null;
  }

  private async goOn(): Promise<void> {
    for (;;) {
      await this.lookAtAll();
      await pause(this.clock, AGAIN_AFTER_MS, this.closing.signal);
    }
  }

  async lookAtAll(): Promise<void> {
    for (const kind of WORKFLOW_KINDS) {
      const workflow = this.workflows.find(kind);
      if (workflow === null) continue;
      await this.look(workflow);
      const verdict = this.verdicts.get(workflow.hash) ?? 'unknown';
      this.fits.set({ kind }, { fits: 1, misfit: 0, unknown: -1 }[verdict]);
    }
  }

  /** What is wrong with a graph; null when nobody can tell now. */
  private async look(workflow: PreparedWorkflow): Promise<string[] | null> {
    const problems = await this.ask(workflow);
    const before = this.verdicts.get(workflow.hash) ?? 'unknown';
    const now = problems === null ? 'unknown' : problems.length === 0 ? 'fits' : 'misfit';
    this.verdicts.set(workflow.hash, now);
    const said = (problems ?? []).join('; ');
    // Repeating trouble is told when it changes.
    if (now === 'misfit' && said !== this.problemsOf.get(workflow.hash)) {
      this.log.error('workflow.misfit', invalid(problems ?? []), { workflow: workflow.name, problems });
    }
    if (now === 'fits' && before !== 'fits') this.log.event('workflow.fits', { workflow: workflow.name });
    if (now !== 'unknown') this.problemsOf.set(workflow.hash, said);
    return problems;
  }

  private async ask(workflow: PreparedWorkflow): Promise<string[] | null> {
    if (this.node === null) return null;
    try {
      const { classes } = await this.node.call(describeNodeClasses, { classes: classesOf(workflow) });
      if (classes === null) return null;
      const known = objectInfo.safeParse(classes);
      if (!known.success) return null;
      this.knownOf.set(workflow.hash, known.data);
      return misfitsOf(workflow, known.data);
    } catch (error) {
      this.log.debug('workflow.look', { workflow: workflow.name, code: codeOf(error) });
      return null;
    }
  }

  private strangers(
    workflow: PreparedWorkflow,
    chosen: Pick<WantedSettings, 'sampler' | 'scheduler'>,
  ): FieldIssue[] {
    return (['sampler', 'scheduler'] as const).flatMap((name) => {
      const choices = this.choices(workflow, name);
      const value = chosen[name];
      if (value === undefined || choices === null || choices.includes(value)) return [];
      return [{ path: `settings.${name}`, message: `must be one of: ${choices.join(', ')}` }];
    });
  }

  /** What can be chosen where a graph takes this value; null when that is not known, or anything goes. */
  private choices({ hash, graph, slots }: PreparedWorkflow, name: SlotName): readonly unknown[] | null {
    const [slot] = slots[name] ?? [];
    const described = this.knownOf.get(hash)?.[graph[slot?.node ?? '']?.class_type ?? ''];
    if (slot === undefined || described === undefined) return null;
    return choicesOf(described.input.required[slot.input] ?? described.input.optional[slot.input]);
  }
}
