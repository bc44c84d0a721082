import { expect, test } from '@jest/globals';
import type { TaskType } from '@baton/contracts';
import type { Capability } from '../places/instances.ts';
import { chooseForTask, type Specialist } from './tasks.ts';

function specialist(model: string, capabilities: readonly Capability[], isAvailable = true): Specialist {
  return { model, server: '1', capabilities, maxConcurrent: 1, isAvailable };
}
const thinker = specialist('deepseek-r1:8b', ['general', 'reasoning', 'conversation']);
const coder = specialist('qwen3-coder:30b', ['coding', 'code_generation', 'code_analysis']);

test.each<[TaskType, string]>([
  ['code_generation', 'qwen3-coder:30b'],
  ['code_analysis', 'qwen3-coder:30b'],
  ['reasoning', 'deepseek-r1:8b'],
  ['general_chat', 'deepseek-r1:8b'],
  ['planning', 'deepseek-r1:8b'],
  ['text_generation', 'deepseek-r1:8b'],
])('%s is answered by %s', (task, model) => {
  expect(chooseForTask(task, [thinker, coder], 'phi3')).toEqual({ model, because: 'task_type' });
});

test('who is away is stood in for by an all-round model, and by the default model where there is none', () => {
  const away = { ...coder, isAvailable: false };
  expect(chooseForTask('code_generation', [away, thinker], 'phi3')).toEqual({
    model: 'deepseek-r1:8b',
    because: 'capability_fallback',
  });
  expect(chooseForTask('code_generation', [away], 'phi3')).toEqual({
    model: 'phi3',
    because: 'default_model',
  });
});

test('a second specialist of the same kind comes before any all-round model', () => {
  const second = specialist('codellama:7b', ['coding']);
  const specialists = [{ ...coder, isAvailable: false }, thinker, second];
  expect(chooseForTask('code_analysis', specialists, 'phi3')).toMatchObject({
    model: 'codellama:7b',
    because: 'task_type',
  });
});
