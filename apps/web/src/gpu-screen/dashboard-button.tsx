import { Button } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { showError } from '../ui/show-error.ts';

const DASHBOARD = '/ops/queues';

/** Opens the queue's own page. A new tab cannot carry the access token, so the gateway sets a short-lived cookie first. */
export function DashboardButton(): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const pass = useMutation({ mutationFn: () => client.opsPass() });
  const open = (): void => {
    // At the click and not when the answer is there: browsers let no page open tabs by itself.
    const tab = window.open('about:blank', '_blank');
    pass.mutate(undefined, {
      onSuccess: () => {
        if (tab === null) window.location.assign(DASHBOARD);
        else tab.location.replace(DASHBOARD);
      },
      onError: (error) => {
        tab?.close();
        showError(error);
      },
    });
  };
  return (
    <Button
      variant="default"
      size="xs"
      rightSection={<IconExternalLink size={15} aria-hidden />}
      aria-label={`${t('gpu_screen.dashboard')} (${t('gpu_screen.dashboard_hint')})`}
      loading={pass.isPending}
      onClick={open}
    >
      {t('gpu_screen.dashboard')}
    </Button>
  );
}
