import type { Experiment } from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { modelKey } from '../models/model-name.ts';
import { ModelsService } from '../models/models.service.ts';
import type { ExperimentRow } from './experiment.entity.ts';
import { ANSWER_FIGURES, type AnswerFigures, type SideFigures } from './answer-figures.ts';
import { ExperimentsRepository } from './experiments.repository.ts';
import { sideOf, type RunningExperiment, type Side } from './sides.ts';

export interface NewExperiment {
  readonly name: string;
  readonly model: string;
  readonly variant: string;
  readonly share: number;
}

/** What another process of this service has begun or ended is noticed this late. */
const FRESH_MS = 10_000;

/** Comparisons between two models: which chat gets which, and what came of it. */
@Injectable()
export class ExperimentsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly repository: ExperimentsRepository;
  private readonly figures: AnswerFigures;
  private readonly models: Pick<ModelsService, 'choose'>;
  private readonly clock: Clock;
  private readonly log: Log;
  private running: readonly RunningExperiment[] = [];
  private cancelLook: () => void = () => undefined;
  private isClosing = false;

  constructor(
    repository: ExperimentsRepository,
    @Inject(ANSWER_FIGURES) figures: AnswerFigures,
    @Inject(ModelsService) models: Pick<ModelsService, 'choose'>,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.repository = repository;
    this.figures = figures;
    this.models = models;
    this.clock = clock;
    this.log = log;
  }

  /** Before the first message comes in: a chat must not change sides by a restart. */
  onApplicationBootstrap(): Promise<void> {
    return this.look();
  }

  onModuleDestroy(): void {
    this.isClosing = true;
    this.cancelLook();
  }

  /** The side of a chat that asks for a model; null when nobody compares it. From memory, since every message asks. */
  choose(chatId: number, model: string): Side | null {
    return this.running.length === 0 ? null : sideOf(this.running, chatId, model);
  }

  async list(): Promise<Experiment[]> {
    return this.withFigures(await this.repository.list());
  }

  /** @throws AppError `model.unknown` naming the field, `experiment.model_taken` */
  async create(userId: number, { name, model, variant, share }: NewExperiment): Promise<Experiment> {
    const names = { model: this.installed(model, 'model'), variant: this.installed(variant, 'variant') };
    const row = await this.repository.create({
      ...names,
      name,
      share,
      runningKey: modelKey(names.model),
      createdBy: userId,
      createdAt: this.clock.now(),
      endedAt: null,
    });
    this.log.event('experiment.begin', { userId, experimentId: row.id, ...names, share });
    await this.read();
    return this.told(row);
  }

  /** @throws AppError `experiment.not_found` */
  async end(experimentId: number): Promise<Experiment> {
    const row = await this.repository.end(experimentId, this.clock.now());
    if (row === null) throw new AppError('experiment.not_found', { experimentId });
    this.log.event('experiment.end', { experimentId });
    await this.read();
    return this.told(row);
  }

  private async told(row: ExperimentRow): Promise<Experiment> {
    return viewOf(row, await this.figures.bySide([row.id]));
  }

  private async withFigures(rows: readonly ExperimentRow[]): Promise<Experiment[]> {
    const figures = await this.figures.bySide(rows.map(({ id }) => id));
    const byId = Map.groupBy(figures, ({ experimentId }) => experimentId);
    return rows.map((row) => viewOf(row, byId.get(row.id) ?? []));
  }

  private installed(model: string, path: 'model' | 'variant'): string {
    try {
      return this.models.choose({ named: model }).model;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const issues = error.issues.map(({ message }) => ({ path, message }));
      throw new AppError(error.code, error.details, { cause: error, issues });
    }
  }

  private async look(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      // What was known stays; a first look that fails shows in the health of the database as well.
      this.log.debug('experiment.look', { outcome: 'failed', code: codeOf(error) });
    }
    if (!this.isClosing) this.cancelLook = this.clock.after(FRESH_MS, () => void this.look());
  }

  private async read(): Promise<void> {
    this.running = await this.repository.running();
  }
}

function viewOf(row: ExperimentRow, figures: readonly SideFigures[]): Experiment {
  const { id, name, model, variant, share, createdAt, endedAt } = row;
  return {
    id,
    name,
    model,
    variant,
    share,
    state: endedAt === null ? 'running' : 'ended',
    sides: [model, variant].map((of) => sideView(of, figures)),
    created_at: new Date(createdAt).toISOString(),
    ended_at: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}

function sideView(model: string, figures: readonly SideFigures[]): Experiment['sides'][number] {
  const own = figures.find((side) => modelKey(side.model) === modelKey(model));
  return {
    model,
    chats: own?.chats ?? 0,
    answers: own?.answers ?? 0,
    failed: own?.failed ?? 0,
    up: own?.up ?? 0,
    down: own?.down ?? 0,
    mean_tokens: own?.meanTokens ?? null,
    mean_answer_ms: own?.meanAnswerMs ?? null,
  };
}
