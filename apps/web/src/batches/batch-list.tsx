import type { Batch } from '@baton/contracts';
import { ActionIcon, Group, Progress, Skeleton, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload, IconPlayerStop, IconTrash } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { showError } from '../ui/show-error.ts';
import classes from './batch-list.module.css';
import { useBatches, useBatchResults, useCancelBatch } from './batch-queries.ts';
import { DeleteBatchDialog } from './delete-batch-dialog.tsx';

export function BatchList(): JSX.Element {
  const { t } = useTranslation();
  const batches = useBatches();
  if (batches.isPending) return <Skeleton h={80} aria-label={t('app.loading')} />;
  if (batches.data === undefined) {
    return <ErrorNotice error={batches.error} onRetry={() => void batches.refetch()} />;
  }
  if (batches.data.batches.length === 0) return <Text size="sm">{t('work.batch.none')}</Text>;
  return (
    <ul className={classes['list']} aria-label={t('work.batch.yours')}>
      {batches.data.batches.map((batch) => (
        <One key={batch.id} batch={batch} />
      ))}
    </ul>
  );
}

function One({ batch }: { readonly batch: Batch }): JSX.Element {
  const { t } = useTranslation();
  const { title, state, model, total, done, failed } = batch;
  const facts = [
    t(`work.batch.state.${state}`),
    t('work.batch.counts', { done, total }),
    ...(failed === 0 ? [] : [t('work.batch.failed', { count: failed })]),
    model,
  ];
  return (
    <li className={classes['one']}>
      <div className={classes['words']}>
        <Text size="sm" fw={600} truncate>
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          {facts.join(' · ')}
        </Text>
        <Progress.Root size="sm" mt={4}>
          <Progress.Section
            value={((done + failed) / total) * 100}
            aria-label={t('work.batch.progress', { title })}
          />
        </Progress.Root>
      </div>
      <Acts batch={batch} />
    </li>
  );
}

function Acts({ batch }: { readonly batch: Batch }): JSX.Element {
  const { t } = useTranslation();
  const [isDeleting, remove] = useDisclosure(false);
  const results = useBatchResults();
  const cancel = useCancelBatch();
  const { id, title, state } = batch;
  return (
    <Group gap={4} wrap="nowrap">
      <ActionIcon
        variant="default"
        aria-label={t('work.batch.results', { title })}
        loading={results.isPending}
        onClick={() => results.mutate(batch, { onError: showError })}
      >
        <IconDownload size={16} aria-hidden />
      </ActionIcon>
      {state === 'running' && (
        <ActionIcon
          variant="default"
          aria-label={t('work.batch.cancel', { title })}
          loading={cancel.isPending}
          onClick={() => cancel.mutate(id, { onError: showError })}
        >
          <IconPlayerStop size={16} aria-hidden />
        </ActionIcon>
      )}
      <ActionIcon variant="default" aria-label={t('work.batch.delete', { title })} onClick={remove.open}>
        <IconTrash size={16} aria-hidden />
      </ActionIcon>
      <DeleteBatchDialog batch={batch} opened={isDeleting} onClose={remove.close} />
    </Group>
  );
}
