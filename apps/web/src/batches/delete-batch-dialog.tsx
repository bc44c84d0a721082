import type { Batch } from '@baton/contracts';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useDeleteBatch } from './batch-queries.ts';

interface DeleteBatchDialogProps {
  readonly batch: Batch;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function DeleteBatchDialog({ batch, opened, onClose }: DeleteBatchDialogProps): JSX.Element {
  const { t } = useTranslation();
  const remove = useDeleteBatch();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('work.batch.delete_title')}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('work.batch.delete_text', { title: batch.title })}</Text>
        {remove.isError && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate(batch.id)}>
            {t('work.batch.delete_it')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
