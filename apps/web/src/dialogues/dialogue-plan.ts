import { WORK_LIMITS } from '@baton/contracts';
import type { MultiModel } from '@baton/api-client';

export interface Speaker {
  /** Of this page only. */
  readonly key: number;
  readonly model: string | null;
  readonly prompt: string;
}

/** A chat between models as somebody fills it in. */
export interface Plan {
  readonly speakers: readonly Speaker[];
  readonly first: string;
  readonly turns: number;
  readonly order: NonNullable<MultiModel['order']>;
}

export const NO_PLAN: Plan = {
  speakers: [
    { key: 0, model: null, prompt: '' },
    { key: 1, model: null, prompt: '' },
  ],
  first: '',
  turns: 6,
  order: 'fewest_changes',
};

export function withSpeaker(plan: Plan): Plan {
  const key = Math.max(...plan.speakers.map((one) => one.key)) + 1;
  return { ...plan, speakers: [...plan.speakers, { key, model: null, prompt: '' }] };
}

export function withoutSpeaker(plan: Plan, key: number): Plan {
  return { ...plan, speakers: plan.speakers.filter((one) => one.key !== key) };
}

export function canStart({ speakers, first, turns }: Plan): boolean {
  return (
    speakers.length >= 2 &&
    speakers.length <= WORK_LIMITS.models &&
    speakers.every(({ model }) => model !== null) &&
    first.trim() !== '' &&
    turns >= 1
  );
}

/** Prompts go by place: the same model may take part twice and be told two things. */
export function planBody({ speakers, first, turns, order }: Plan): MultiModel {
  return {
    models: speakers.flatMap(({ model }) => model ?? []),
    initial_message: first.trim(),
    system_prompts: Object.fromEntries(
      speakers.flatMap(({ prompt }, index) =>
        prompt.trim() === '' ? [] : [[String(index), prompt.trim()] as const],
      ),
    ),
    max_turns: turns,
    order,
  };
}
