import type { ModelServer } from '@baton/contracts';
import { Badge, Group, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sayBareCode } from '../i18n/i18n.ts';
import { Panel } from '../ui/panel.tsx';
import { ModelTable } from './model-table.tsx';
import classes from './models.module.css';
import { sayCapability, sayServer } from './server-words.ts';

interface ServerPanelProps {
  readonly server: ModelServer;
  readonly isAdmin: boolean;
}

/** One model server: how it is, what it is for, what is installed on it. */
export function ServerPanel({ server, isAdmin }: ServerPanelProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const { id, place, state, breaker, url, models, capabilities, running, waiting } = server;
  const facts = [
    t(`models_screen.place.${place}`),
    ...(breaker === 'closed' ? [] : [t(`models_screen.breaker.${breaker}`)]),
    t('models_screen.load_now', { running, waiting, most: server.max_concurrent }),
    ...(server.checked_at === null
      ? []
      : [t('models_screen.checked', { time: sayClock(server.checked_at, i18n.language) })]),
  ];
  return (
    <Panel
      title={sayServer(id, t)}
      aside={
        <Group gap={6}>
          {server.simulated && (
            <Badge size="sm" variant="outline" color="gray" tt="uppercase">
              {t('gpu.simulated')}
            </Badge>
          )}
          <Badge size="sm" tt="none" className={classes['state'] ?? ''} data-state={state}>
            {t(`models_screen.state.${state}`)}
          </Badge>
        </Group>
      }
    >
      <Text size="sm" c="dimmed">
        {facts.join(' · ')}
      </Text>
      {url !== null && (
        <Text size="sm" c="dimmed" className={classes['url'] ?? ''}>
          {url}
        </Text>
      )}
      {capabilities.length > 0 && (
        <Text size="sm">
          {t('models_screen.capabilities', {
            list: capabilities.map((one) => sayCapability(one, t)).join(', '),
          })}
        </Text>
      )}
      {server.default_model !== null && (
        <Text size="sm">{t('models_screen.default_model', { model: server.default_model })}</Text>
      )}
      {server.error_code !== null && (
        <Text size="sm" c="var(--mantine-color-error)">
          {sayBareCode(server.error_code)}
        </Text>
      )}
      {models.length === 0 ? (
        <Text size="sm" mt="xs">
          {t('models_screen.no_models')}
        </Text>
      ) : (
        <ModelTable server={server} isAdmin={isAdmin && place !== 'cpu'} />
      )}
    </Panel>
  );
}

function sayClock(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' }).format(Date.parse(iso));
}
