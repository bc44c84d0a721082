import type {
  AnswerOptions,
  ModelList,
  Routing,
  ServerModel,
  TaskType,
  ThinkSetting,
} from '@baton/contracts';
import { AppError, isErrorCode, type ErrorCode } from '@baton/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ServerView } from '../places/answer-place.ts';
import { PlacesService } from '../places/places.service.ts';
import { MODEL_SETTINGS, type ModelSettings } from '../tokens.ts';
import { isCloudModel, modelKey } from './model-name.ts';
import { chooseForTask } from './tasks.ts';
import { specialistsOf } from './specialists.ts';

/** What an answer is wanted of. */
export interface ModelWish {
  /** Named for this very answer: wins over everything else. */
  readonly named?: string | undefined;
  /** What the chat usually uses. */
  readonly usual?: string | null | undefined;
  /** Lets us choose; wins over what is usual. */
  readonly taskType?: TaskType | undefined;
  readonly think?: ThinkSetting | null | undefined;
  /** Pictures come with the question. */
  readonly needsVision?: boolean | undefined;
  readonly engine?: AnswerOptions['engine'];
}

export interface ModelChoice {
  readonly model: string;
  /** Null when that is just what was asked for. */
  readonly routing: Routing | null;
}

/** How many models a refusal names. */
const NAMED_CHOICES = 20;

/** Which models there are, and which of them answers. All from memory: nobody waits for a server here. */
@Injectable()
export class ModelsService {
  private readonly places: PlacesService;
  private readonly settings: ModelSettings;

  constructor(places: PlacesService, @Inject(MODEL_SETTINGS) settings: ModelSettings) {
    this.places = places;
    this.settings = settings;
  }

  /**
   * All models of all servers, each once. Waits for the process-manager only.
   *
   * @throws AppError `engine.unavailable` and `call.*` while nobody can tell and no list has been read yet
   */
  async list(): Promise<ModelList> {
    await this.places.lookAtNode();
    const views = this.places.views();
    const models = chatModels(views);
    const main = views[0];
    if (models.length === 0 && main !== undefined && main.error_code !== null && !main.isListCertain) {
      throw new AppError(isErrorCode(main.error_code) ? main.error_code : 'engine.unavailable');
    }
    const defaultModel = this.defaultOf(models);
    return {
      models: models.map((model) => ({
        model: model.model,
        size_bytes: model.size_bytes,
        parameter_size: model.parameter_size,
        capabilities: model.capabilities,
        is_default: model.model === defaultModel,
      })),
      default_model: defaultModel,
      simulated: main?.simulated ?? false,
    };
  }

  /**
   * The model that answers. Decided in this order:
   *   1. the CPU engine was asked for: its own model, the named one if it has that;
   *   2. a model was named: that one;
   *   3. a kind of work was named: by capability;
   *   4. the chat's own model.
   *
   * @throws AppError `chat.model_required`, `model.unknown`, `model.none_installed`, `model.no_vision`,
   *   `model.no_thinking`, `local.not_set_up`
   */
  choose(wish: ModelWish): ModelChoice {
    const { named, usual, taskType, engine } = wish;
    const choice = ((): ModelChoice => {
      if (engine === 'local') return this.onCpu(named ?? usual ?? null);
      if (named === undefined && taskType !== undefined) return this.forTask(taskType);
      return { model: this.installedAs(named ?? usual ?? null), routing: null };
    })();
    this.check(choice.model, wish);
    return choice;
  }

  /**
   * The model to use, by its installed name. While nothing is known every name is taken, and the engine has the last word.
   *
   * @throws AppError `chat.model_required` for no model, `model.unknown` for one that is not installed,
   *   `model.none_installed`
   */
  accept(model: string | null): string {
    return this.choose({ usual: model }).model;
  }

  /** Whether a model can do something, by Ollama's words (`vision`, `thinking`, …); null while nobody knows. */
  can(model: string, capability: string): boolean | null {
    const known = this.find(model);
    // Old servers do not say what their models can do.
    if (known === undefined || known.capabilities.length === 0) return null;
    return known.capabilities.includes(capability);
  }

  /** Who plans and who writes, for the pair of models. */
  pair(): { readonly planning: string; readonly generation: string } {
    return { planning: this.forTask('planning').model, generation: this.forTask('code_generation').model };
  }

  /** What answers a kind of work at the moment. */
  forTask(task: TaskType): ModelChoice {
    const views = this.places.views();
    const { model, because } = chooseForTask(
      task,
      specialistsOf(views, this.settings),
      this.defaultOf(chatModels(views)),
    );
    return { model: this.installedAs(model), routing: { asked: task, answered: model, because } };
  }

  /** Looks now; false when nobody could tell. */
  async refresh(): Promise<boolean> {
    await this.places.lookAtNode();
    return this.places.views()[0]?.error_code === null;
  }

  private onCpu(asked: string | null): ModelChoice {
    const local = this.places.views().find(({ place }) => place === 'cpu');
    const models = local?.models ?? [];
    const own =
      models.find(({ model }) => asked !== null && modelKey(model) === modelKey(asked)) ??
      models.find(({ model }) => model === local?.default_model) ??
      models[0];
    if (own === undefined) throw new AppError('local.not_set_up');
    const isAsked = asked === null || modelKey(asked) === modelKey(own.model);
    const routing = { asked: asked ?? own.model, answered: own.model, because: 'answered_on_cpu' } as const;
    return { model: own.model, routing: isAsked ? null : routing };
  }

  private installedAs(model: string | null): string {
    const views = this.places.views();
    const isCertain = views.every(({ state, isListCertain, place }) =>
      place === 'gpu' ? isListCertain : state !== 'checking',
    );
    if (isCertain && chatModels(views).length === 0) throw new AppError('model.none_installed');
    if (model === null || model === '') throw this.refusal('chat.model_required');
    if (isCloudModel(model)) throw this.refusal('model.unknown', model);
    const installed = this.find(model);
    if (installed !== undefined) return installed.model;
    if (isCertain) throw this.refusal('model.unknown', model);
    return model;
  }

  private check(model: string, { think, needsVision }: ModelWish): void {
    const wantsThinking = think !== undefined && think !== null && think !== false;
    if (needsVision === true && this.can(model, 'vision') === false) {
      throw this.refusal('model.no_vision', model, 'vision');
    }
    if (wantsThinking && this.can(model, 'thinking') === false) {
      throw this.refusal('model.no_thinking', model, 'thinking');
    }
  }

  private find(model: string): ServerModel | undefined {
    const key = modelKey(model);
    return chatModels(this.places.views()).find((known) => modelKey(known.model) === key);
  }

  private defaultOf(models: readonly ServerModel[]): string {
    const wanted = modelKey(this.settings.defaultModel);
    const installed = models.find(({ model }) => modelKey(model) === wanted) ?? models[0];
    return installed?.model ?? this.settings.defaultModel;
  }

  /** Names what could be chosen instead: all models, or those that can do what this one cannot. */
  private refusal(code: ErrorCode, model?: string, capability?: string): AppError {
    const names = chatModels(this.places.views())
      .filter(({ capabilities }) => capability === undefined || capabilities.includes(capability))
      .slice(0, NAMED_CHOICES)
      .map((known) => known.model);
    const none = capability === undefined ? 'name a model' : 'no installed model can do that';
    const message = names.length === 0 ? none : `choose one of: ${names.join(', ')}`;
    return new AppError(code, { model }, { issues: [{ path: 'model', message }] });
  }
}

/**
 * Every model that can answer, once, the GPU nodes' first. Embedding models cannot; an old engine does not say what its
 * models can do, and then they are shown.
 */
function chatModels(views: readonly ServerView[]): ServerModel[] {
  const byKey = new Map<string, ServerModel>();
  for (const model of views.flatMap(({ models }) => models)) {
    const { capabilities } = model;
    const isForChat = capabilities.length === 0 || capabilities.includes('completion');
    const key = modelKey(model.model);
    if (isForChat && !isCloudModel(model.model) && !byKey.has(key)) byKey.set(key, model);
  }
  return [...byKey.values()];
}
