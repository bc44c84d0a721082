import type { MultiModelBody } from '@baton/contracts';
import { AppError, type FieldIssue } from '@baton/kernel';
import { Injectable } from '@nestjs/common';
import { ModelsService } from '../models/models.service.ts';
import { PlacesService } from '../places/places.service.ts';
import { newPlan, type DialoguePlan, type Participant } from './dialogue-plan.ts';
import { turnOrder, type Speaker } from './turn-order.ts';

/** Who takes part in a chat between models, and in which order they speak. */
@Injectable()
export class CastingService {
  private readonly models: ModelsService;
  private readonly places: PlacesService;

  constructor(models: ModelsService, places: PlacesService) {
    this.models = models;
    this.places = places;
  }

  /** @throws AppError `model.unknown`, `request.invalid` with the very field */
  planOf(body: MultiModelBody): DialoguePlan {
    const participants = this.participantsOf(body);
    const order = turnOrder({
      speakers: participants.map(({ model }) => this.speakerOf(model)),
      turns: body.max_turns,
      order: body.order,
      loaded: this.loadedModels(),
    });
    return newPlan(participants, order);
  }

  /** By installed names; an issue names the very field. */
  private participantsOf({ models, system_prompts: prompts }: MultiModelBody): Participant[] {
    refuseUnknownKeys(models, prompts);
    return models.map((named, place) => {
      const prompt = prompts[String(place)] ?? prompts[named] ?? null;
      try {
        return { model: this.models.choose({ named }).model, prompt };
      } catch (error) {
        throw error instanceof AppError ? atField(error, `models.${place}`) : error;
      }
    });
  }

  private speakerOf(model: string): Speaker {
    const place = this.places.best({ model, engine: 'auto', tried: new Set() });
    return { model, memory: place.server };
  }

  /** Only where one model and no other is in the memory it is certain that beginning with it costs nothing. */
  private loadedModels(): Map<string, string> {
    const loaded = this.places.views().flatMap(({ id, models }): [string, string][] => {
      const [only, ...others] = models.filter((one) => one.loaded === true);
      return only === undefined || others.length > 0 ? [] : [[id, only.model]];
    });
    return new Map(loaded);
  }
}

function atField(error: AppError, path: string): AppError {
  const issues = error.issues.map(({ message }) => ({ path, message }));
  return new AppError(error.code, error.details, { cause: error, issues });
}

function refuseUnknownKeys(models: readonly string[], prompts: Readonly<Record<string, string>>): void {
  const known = new Set([...models, ...models.map((_, place) => String(place))]);
  const issues: FieldIssue[] = Object.keys(prompts)
    .filter((key) => !known.has(key))
    .map((key) => ({
      path: `system_prompts.${key}`,
      message: `must be one of the models, or a place from 0 to ${models.length - 1}`,
    }));
  if (issues.length > 0) throw new AppError('request.invalid', {}, { issues });
}
