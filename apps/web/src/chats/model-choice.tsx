import { Select, Skeleton, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useModels } from './chat-queries.ts';

interface ModelChoiceProps {
  readonly model: string | null;
  readonly onChange: (model: string) => void;
}

export function ModelChoice({ model, onChange }: ModelChoiceProps): JSX.Element {
  const { t } = useTranslation();
  const models = useModels();
  if (models.isPending) return <Skeleton h={30} w={150} />;
  const names = models.data?.models.map((one) => one.model) ?? [];
  if (names.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {t('composer.no_models')}
      </Text>
    );
  }
  // The chat may remember a model that has been removed since; it is shown, and the gateway says what is wrong with it.
  const data = model === null || names.includes(model) ? names : [model, ...names];
  return (
    <Select
      size="xs"
      w={190}
      aria-label={t('composer.model')}
      allowDeselect={false}
      searchable={data.length > 7}
      value={model}
      onChange={(value) => {
        if (value !== null) onChange(value);
      }}
      data={data}
      comboboxProps={{ width: 'max-content', position: 'top-start' }}
    />
  );
}
