import type { EngineName } from '@baton/contracts';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useRestartEngine } from './gpu-queries.ts';
import { showAccepted } from '../ui/show-accepted.ts';

interface RestartDialogProps {
  readonly engine: EngineName;
  readonly onClose: () => void;
}

export function RestartDialog({ engine, onClose }: RestartDialogProps): JSX.Element {
  const { t } = useTranslation();
  const restart = useRestartEngine();
  const name = ENGINE_NAMES[engine];
  const onRestart = (): void =>
    restart.mutate(engine, {
      onSuccess: () => {
        onClose();
        showAccepted(t('gpu_screen.restart_accepted', { engine: name }));
      },
    });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('gpu_screen.restart_title', { engine: name })}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('gpu_screen.restart_text')}</Text>
        {restart.isError && <ErrorNotice error={restart.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red.9" loading={restart.isPending} onClick={onRestart}>
            {t('gpu_screen.restart')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
