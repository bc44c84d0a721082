import type { User } from '@baton/contracts';
import { Anchor, Container, Group, Stack, Text, Title } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useGpu } from '../gpu/gpu-feed.ts';
import { addGpuScreenWords } from '../i18n/gpu-screen-words.ts';
import { CardPanel } from './card-panel.tsx';
import { DashboardButton } from './dashboard-button.tsx';
import { EnginesPanel } from './engines-panel.tsx';
import classes from './gpu-screen.module.css';
import { HistoryPanel } from './history-panel.tsx';
import { NowPanel } from './now-panel.tsx';
import { SwitchPanel } from './switch-panel.tsx';

// Before the first word is drawn: this module is loaded when the screen is opened.
addGpuScreenWords();

/** For administrators: the card, the engines, the queue and the visits, and the way to hand the GPU over by hand. */
export function GpuScreen({ user }: { readonly user: User }): JSX.Element {
  return user.role === 'admin' ? <Operations userId={user.id} /> : <AdminsOnly />;
}

function AdminsOnly(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Container py="xl" w="100%" size="sm">
      <Title order={1} size="h3" mb="xs">
        {t('gpu_screen.title')}
      </Title>
      <Text mb="md">{t('gpu_screen.admins_only')}</Text>
      <Anchor component={Link} href="/">
        {t('gpu_screen.back')}
      </Anchor>
    </Container>
  );
}

function Operations({ userId }: { readonly userId: number }): JSX.Element {
  const { t } = useTranslation();
  const seen = useGpu();
  return (
    <div className={classes['scroll']}>
      <Stack className={classes['page'] ?? ''} gap="md">
        <Group justify="space-between" gap="sm">
          <Title order={1} size="h3">
            {t('gpu_screen.title')}
          </Title>
          <DashboardButton />
        </Group>
        <div className={classes['panels']}>
          <CardPanel card={seen?.status.card ?? null} />
          <NowPanel seen={seen} />
          <EnginesPanel engines={seen?.status.engines ?? []} />
          <SwitchPanel seen={seen} />
        </div>
        <HistoryPanel seen={seen} userId={userId} />
      </Stack>
    </div>
  );
}
