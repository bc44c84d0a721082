import type { ModelServer, Pull } from '@baton/contracts';
import { ActionIcon, Button, Group, Progress, Select, Text, TextInput } from '@mantine/core';
import { IconDownload, IconX } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sayBareCode } from '../i18n/i18n.ts';
import { formatBytes } from '../ui/bytes.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Panel } from '../ui/panel.tsx';
import { showError } from '../ui/show-error.ts';
import { useCancelPull, useFollowedPull, usePulls, useStartPull } from './model-queries.ts';
import classes from './models.module.css';
import { sayServer } from './server-words.ts';

/** For administrators: new models, and how far their downloads are. */
export function PullPanel({ servers }: { readonly servers: readonly ModelServer[] }): JSX.Element {
  const { t } = useTranslation();
  const pulls = usePulls(true);
  return (
    <Panel title={t('models_screen.pull')}>
      <PullForm servers={servers.filter(({ place }) => place !== 'cpu')} />
      {pulls.isError && <ErrorNotice error={pulls.error} onRetry={() => void pulls.refetch()} />}
      {pulls.data !== undefined && pulls.data.pulls.length > 0 && (
        <ul className={classes['pulls']} aria-label={t('models_screen.pulls')}>
          {pulls.data.pulls.map((pull) => (
            <Download key={pull.id} listed={pull} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function PullForm({ servers }: { readonly servers: readonly ModelServer[] }): JSX.Element {
  const { t } = useTranslation();
  const [model, setModel] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const start = useStartPull();
  const server = chosen ?? servers[0]?.id ?? null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (server === null) return;
        start.mutate({ model: model.trim(), server }, { onSuccess: () => setModel('') });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          label={t('models_screen.pull_name')}
          flex="1 1 14rem"
          maxLength={200}
          autoComplete="off"
          value={model}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
        {servers.length > 1 && (
          <Select
            label={t('models_screen.pull_server')}
            allowDeselect={false}
            value={server}
            onChange={setChosen}
            data={servers.map(({ id }) => ({ value: id, label: sayServer(id, t) }))}
          />
        )}
        <Button
          type="submit"
          leftSection={<IconDownload size={16} aria-hidden />}
          loading={start.isPending}
          disabled={model.trim() === '' || server === null}
        >
          {t('models_screen.pull_start')}
        </Button>
      </Group>
      {start.isError && <ErrorNotice error={start.error} />}
    </form>
  );
}

function Download({ listed }: { readonly listed: Pull }): JSX.Element {
  const { t, i18n } = useTranslation();
  const pull = useFollowedPull(listed);
  const cancel = useCancelPull();
  const { completed_bytes: doneBytes, total_bytes: totalBytes, state, model } = pull;
  const isRunning = state === 'running';
  const percent = totalBytes === 0 ? 0 : Math.min(100, (doneBytes / totalBytes) * 100);
  const words = [
    t(`models_screen.pull_state.${state}`),
    ...(isRunning ? [pull.status] : []),
    ...(totalBytes === 0
      ? []
      : [
          t('models_screen.pull_of', {
            done: formatBytes(doneBytes, i18n.language),
            total: formatBytes(totalBytes, i18n.language),
          }),
        ]),
    ...(pull.error_code === null ? [] : [sayBareCode(pull.error_code)]),
  ];
  return (
    <li className={classes['pull']}>
      <div className={classes['words']}>
        <Text size="sm" fw={600}>
          {model}
        </Text>
        <Text size="xs" c="dimmed">
          {words.filter((word) => word !== '').join(' · ')}
        </Text>
        {isRunning && (
          <Progress.Root size="sm" mt={4}>
            <Progress.Section value={percent} aria-label={t('models_screen.pull_progress', { model })} />
          </Progress.Root>
        )}
      </div>
      {isRunning && (
        <ActionIcon
          variant="default"
          aria-label={t('models_screen.pull_cancel', { model })}
          loading={cancel.isPending}
          onClick={() => cancel.mutate(pull.id, { onError: showError })}
        >
          <IconX size={16} aria-hidden />
        </ActionIcon>
      )}
    </li>
  );
}
