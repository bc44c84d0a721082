import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { showAccepted } from '../ui/show-accepted.ts';
import { useModelAct } from './model-queries.ts';

interface DeleteModelDialogProps {
  readonly model: string;
  readonly server: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function DeleteModelDialog({ model, server, opened, onClose }: DeleteModelDialogProps): JSX.Element {
  const { t } = useTranslation();
  const remove = useModelAct('delete');
  const onDelete = (): void =>
    remove.mutate(
      { model, server },
      {
        onSuccess: ({ say }) => {
          onClose();
          showAccepted(say);
        },
      },
    );
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('models_screen.delete_title', { model })}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('models_screen.delete_text')}</Text>
        {remove.isError && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={onDelete}>
            {t('models_screen.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
