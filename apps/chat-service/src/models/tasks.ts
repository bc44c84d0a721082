import type { Routing, TaskType } from '@baton/contracts';
import type { Capability } from '../places/instances.ts';

/** One model that a server is wanted for. */
export interface Specialist {
  readonly model: string;
  readonly server: string;
  readonly capabilities: readonly Capability[];
  readonly maxConcurrent: number;
  /** Its server answers, and has the model. */
  readonly isAvailable: boolean;
}

export interface TaskChoice {
  readonly model: string;
  readonly because: Extract<Routing['because'], 'task_type' | 'capability_fallback' | 'default_model'>;
}

/** What a kind of work asks of a model, best first. */
const WANTED: Readonly<Record<TaskType, readonly Capability[]>> = {
  code_generation: ['code_generation', 'coding'],
  code_analysis: ['code_analysis', 'coding'],
  reasoning: ['reasoning'],
  planning: ['reasoning'],
  general_chat: ['conversation', 'general'],
  text_generation: ['general', 'conversation'],
};
/** Whoever can do these can do something for every kind of work. */
const ALL_ROUND: readonly Capability[] = ['general', 'conversation', 'reasoning'];

/**
 * Which model answers a kind of work. In this order:
 *   1. the first available model that is configured for it;
 *   2. the first available all-round model;
 *   3. the default model.
 */
export function chooseForTask(
  task: TaskType,
  specialists: readonly Specialist[],
  defaultModel: string,
): TaskChoice {
  const available = specialists.filter(({ isAvailable }) => isAvailable);
  const meant = firstWith(WANTED[task], available);
  if (meant !== undefined) return { model: meant.model, because: 'task_type' };
  const allRound = firstWith(ALL_ROUND, available);
  if (allRound !== undefined) return { model: allRound.model, because: 'capability_fallback' };
  return { model: defaultModel, because: 'default_model' };
}

function firstWith(wanted: readonly Capability[], among: readonly Specialist[]): Specialist | undefined {
  for (const capability of wanted) {
    const found = among.find(({ capabilities }) => capabilities.includes(capability));
    if (found !== undefined) return found;
  }
  return undefined;
}
