import type { User } from '@baton/contracts';
import { Skeleton } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { addModelsScreenWords } from '../i18n/models-screen-words.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Page } from '../ui/page.tsx';
import { PullPanel } from './pull-panel.tsx';
import { useServers } from './server-queries.ts';
import { ServerPanel } from './server-panel.tsx';
import { TasksPanel } from './tasks-panel.tsx';

// Before the first word is drawn: this module is loaded when the screen is opened.
addModelsScreenWords();

const LOOK_EVERY_MS = 5_000;

/** Where models run, what is in memory there, and what answers which kind of work. Changes are for administrators. */
export function ModelsScreen({ user }: { readonly user: User }): JSX.Element {
  const { t } = useTranslation();
  const servers = useServers(LOOK_EVERY_MS);
  const isAdmin = user.role === 'admin';
  return (
    <Page title={t('models_screen.title')} hint={t('models_screen.hint')}>
      {servers.isError && servers.data === undefined && (
        <ErrorNotice error={servers.error} onRetry={() => void servers.refetch()} />
      )}
      {servers.isPending && <Skeleton h={160} aria-label={t('app.loading')} />}
      {servers.data?.servers.map((server) => (
        <ServerPanel key={server.id} server={server} isAdmin={isAdmin} />
      ))}
      {isAdmin && servers.data !== undefined && <PullPanel servers={servers.data.servers} />}
      <TasksPanel />
    </Page>
  );
}
