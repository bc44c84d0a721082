import type { QueueView } from '@baton/contracts';
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';

interface SwitchDialogProps {
  readonly lane: string;
  readonly queue: QueueView | null;
  readonly isSending: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before work is interrupted, and says which. */
export function SwitchDialog({ lane, queue, isSending, onConfirm, onClose }: SwitchDialogProps): JSX.Element {
  const { t } = useTranslation();
  const running = queue?.entries.filter((entry) => entry.running) ?? [];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('gpu_screen.confirm_title', { lane })}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        {running.length === 0 ? (
          <Text size="sm">{t('gpu_screen.confirm_idle')}</Text>
        ) : (
          <>
            <div>
              <Text size="sm" mb={4}>
                {t('gpu_screen.confirm_running')}
              </Text>
              <List size="sm">
                {running.map((entry, index) => (
                  <List.Item key={entry.message_id ?? `other-${index}`}>
                    {t(`gpu.kind.${entry.kind}`)} ({t(entry.mine ? 'gpu.mine' : 'gpu.others')})
                  </List.Item>
                ))}
              </List>
            </div>
            <Text size="sm">{t('gpu_screen.confirm_after')}</Text>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color={running.length === 0 ? 'indigo' : 'red.9'} loading={isSending} onClick={onConfirm}>
            {t('gpu_screen.switch')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
