import type { TaskType } from '@baton/contracts';
import { Select, Skeleton, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { answeringModels } from './answering-models.ts';
import { useModels } from './chat-queries.ts';
import { isTaskType, TASK_TYPES } from './task-types.ts';

interface ModelChoiceProps {
  readonly model: string | null;
  readonly taskType: TaskType | null;
  readonly onModel: (model: string) => void;
  readonly onTaskType: (taskType: TaskType) => void;
}

/** No name of a model begins like this. */
const BY_TASK = 'task/';

/** A model by its name, or the kind of work for which Baton chooses one. */
export function ModelChoice({ model, taskType, onModel, onTaskType }: ModelChoiceProps): JSX.Element {
  const { t } = useTranslation();
  const models = useModels();
  if (models.isPending) return <Skeleton h={30} w={150} />;
  const names = answeringModels(models.data?.models ?? []);
  if (names.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {t('composer.no_models')}
      </Text>
    );
  }
  // The chat may remember a model that has been removed since; it is shown, and the gateway says what is wrong with it.
  const known = model === null || names.includes(model) ? names : [model, ...names];
  const choose = (value: string | null): void => {
    if (value === null) return;
    const task = value.startsWith(BY_TASK) ? value.slice(BY_TASK.length) : null;
    if (task !== null && isTaskType(task)) onTaskType(task);
    else onModel(value);
  };
  return (
    <Select
      size="xs"
      w={190}
      aria-label={t('composer.model')}
      allowDeselect={false}
      searchable={known.length > 7}
      value={taskType === null ? model : BY_TASK + taskType}
      onChange={choose}
      data={[
        { group: t('chat.models'), items: [...known] },
        {
          group: t('chat.auto'),
          items: TASK_TYPES.map((task) => ({ value: BY_TASK + task, label: t(`chat.task.${task}`) })),
        },
      ]}
      comboboxProps={{ width: 'max-content', position: 'top-start' }}
    />
  );
}
