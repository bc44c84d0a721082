import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useDeletePictures } from './picture-queries.ts';

interface DeletePicturesDialogProps {
  /** Null: closed. */
  readonly imageIds: readonly number[] | null;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

export function DeletePicturesDialog({
  imageIds,
  onClose,
  onDeleted,
}: DeletePicturesDialogProps): JSX.Element {
  const { t } = useTranslation();
  const remove = useDeletePictures();
  const count = imageIds?.length ?? 0;
  const close = (): void => {
    remove.reset();
    onClose();
  };
  return (
    <Modal
      opened={imageIds !== null}
      onClose={close}
      title={t('picture.delete_title', { count })}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('picture.delete_text')}</Text>
        {remove.isError && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button
            color="red.9"
            loading={remove.isPending}
            onClick={() => remove.mutate(imageIds ?? [], { onSuccess: onDeleted })}
          >
            {t('picture.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
