import type { EngineName, EngineView } from '@baton/contracts';
import { Badge, Button, Group, Skeleton, Text } from '@mantine/core';
import { IconFileText, IconMessage2, IconPhoto, IconRotateClockwise } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES, inOrder } from '../gpu/baton-place.ts';
import { EngineStateBadge } from '../gpu/engine-state-badge.tsx';
import { EngineLogDialog } from './engine-log-dialog.tsx';
import classes from './engines-panel.module.css';
import { Panel } from '../ui/panel.tsx';
import { RestartDialog } from './restart-dialog.tsx';

type Opened = { readonly what: 'log' | 'restart'; readonly engine: EngineName } | null;

/** The engines as the process-manager sees them, and what can be done with each. */
export function EnginesPanel({ engines }: { readonly engines: EngineView[] }): JSX.Element {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<Opened>(null);
  const close = (): void => setOpened(null);
  return (
    <Panel title={t('gpu.engines')}>
      {engines.length === 0 && <Skeleton h={90} />}
      <ul className={classes['engines']}>
        {inOrder(engines).map((view) => (
          <Engine key={view.engine} view={view} onOpen={(what) => setOpened({ what, engine: view.engine })} />
        ))}
      </ul>
      {opened?.what === 'log' && <EngineLogDialog engine={opened.engine} onClose={close} />}
      {opened?.what === 'restart' && <RestartDialog engine={opened.engine} onClose={close} />}
    </Panel>
  );
}

interface EngineProps {
  readonly view: EngineView;
  readonly onOpen: (what: 'log' | 'restart') => void;
}

function Engine({ view, onOpen }: EngineProps): JSX.Element {
  const { t } = useTranslation();
  const name = ENGINE_NAMES[view.engine];
  const Icon = view.engine === 'ollama' ? IconMessage2 : IconPhoto;
  return (
    <li className={classes['engine']} data-engine={view.engine}>
      <Group gap="xs" w="100%">
        <Icon size={17} aria-hidden className={classes['icon']} />
        <Text fw={600}>{name}</Text>
        <EngineStateBadge state={view.state} />
        {view.simulated && (
          <Badge size="sm" variant="outline" color="gray" tt="uppercase">
            {t('gpu.simulated')}
          </Badge>
        )}
      </Group>
      <div className={classes['what']}>
        <Text size="xs" c="dimmed">
          {t(`gpu_screen.driver.${view.driver}`)}
        </Text>
        <Text size="sm">
          {view.loaded_models.length === 0 ? t('gpu_screen.no_models') : view.loaded_models.join(', ')}
        </Text>
      </div>
      <Group gap={6} className={classes['acts'] ?? ''}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFileText size={15} aria-hidden />}
          aria-label={t('gpu_screen.log_of', { engine: name })}
          onClick={() => onOpen('log')}
        >
          {t('gpu_screen.log')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconRotateClockwise size={15} aria-hidden />}
          aria-label={t('gpu_screen.restart_engine', { engine: name })}
          onClick={() => onOpen('restart')}
        >
          {t('gpu_screen.restart')}
        </Button>
      </Group>
    </li>
  );
}
