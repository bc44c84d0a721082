import { Badge, Skeleton, Table, Text, Tooltip } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Panel } from '../ui/panel.tsx';
import { useTaskModels } from './model-queries.ts';
import classes from './models.module.css';

/** What answers which kind of work now. */
export function TasksPanel(): JSX.Element {
  const { t } = useTranslation();
  const tasks = useTaskModels();
  return (
    <Panel title={t('models_screen.tasks')} hint={t('models_screen.tasks_hint')}>
      {tasks.isPending && <Skeleton h={120} aria-label={t('app.loading')} />}
      {tasks.isError && <ErrorNotice error={tasks.error} onRetry={() => void tasks.refetch()} />}
      {tasks.data !== undefined && (
        <>
          <Table className={classes['tasks'] ?? ''}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('models_screen.task')}</Table.Th>
                <Table.Th>{t('models_screen.model')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {tasks.data.tasks.map(({ task_type: task, model, fallback }) => (
                <Table.Tr key={task}>
                  <Table.Td>{t(`chat.task.${task}`)}</Table.Td>
                  <Table.Td className={classes['name'] ?? ''}>
                    {model} {fallback && <StandIn />}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Text size="sm" mt="xs">
            {t('models_screen.pair', tasks.data.pair)}
          </Text>
        </>
      )}
    </Panel>
  );
}

function StandIn(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Tooltip
      label={t('models_screen.fallback_hint')}
      multiline
      maw={280}
      events={{ hover: true, focus: true, touch: true }}
    >
      <Badge size="xs" variant="outline" color="gray" tt="none" tabIndex={0} className={classes['can'] ?? ''}>
        {t('models_screen.fallback')}
      </Badge>
    </Tooltip>
  );
}
