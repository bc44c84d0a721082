import { Button, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { NewExperiment } from '@baton/api-client';
import { answeringModels } from '../chats/answering-models.ts';
import { useModels } from '../chats/chat-queries.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useCreateComparison } from './comparison-queries.ts';

interface Wish {
  readonly name: string;
  readonly model: string | null;
  readonly variant: string | null;
  readonly share: number;
}

const NO_WISH: Wish = { name: '', model: null, variant: null, share: 50 };

export function ComparisonForm(): JSX.Element {
  const { t } = useTranslation();
  const [wish, setWish] = useState(NO_WISH);
  const models = useModels();
  const create = useCreateComparison();
  const names = answeringModels(models.data?.models ?? []);
  const body = bodyOf(wish);
  const set = (part: Partial<Wish>): void => setWish((current) => ({ ...current, ...part }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (body !== null) create.mutate(body, { onSuccess: () => setWish(NO_WISH) });
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t('work.comparison.name')}
          maxLength={100}
          value={wish.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <Group gap="sm" grow align="flex-end">
          <Select
            label={t('work.comparison.model')}
            value={wish.model}
            onChange={(model) => set({ model })}
            data={names.filter((name) => name !== wish.variant)}
          />
          <Select
            label={t('work.comparison.variant')}
            value={wish.variant}
            onChange={(variant) => set({ variant })}
            data={names.filter((name) => name !== wish.model)}
          />
        </Group>
        <NumberInput
          label={t('work.comparison.share')}
          min={1}
          max={99}
          allowDecimal={false}
          allowNegative={false}
          value={wish.share}
          onChange={(share) => {
            if (typeof share === 'number') set({ share });
          }}
        />
        {create.isError && <ErrorNotice error={create.error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={body === null} loading={create.isPending}>
            {t('work.comparison.start')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function bodyOf({ name, model, variant, share }: Wish): NewExperiment | null {
  if (name.trim() === '' || model === null || variant === null) return null;
  return { name: name.trim(), model, variant, share };
}
