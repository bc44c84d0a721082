import { taskType, type TaskType } from '@baton/contracts';

export const TASK_TYPES: readonly TaskType[] = taskType.options;

export function isTaskType(value: string): value is TaskType {
  return TASK_TYPES.some((known) => known === value);
}
