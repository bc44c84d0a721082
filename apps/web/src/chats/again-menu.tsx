import type { Message } from '@baton/contracts';
import { ActionIcon, Menu } from '@mantine/core';
import { IconChevronDown, IconCpu, IconRefresh } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { Regenerate } from '@baton/api-client';
import { useHasCpuEngine } from '../models/server-queries.ts';
import { useModels } from './chat-queries.ts';
import { answeringModels } from './answering-models.ts';
import classes from './messages.module.css';

interface AgainMenuProps {
  readonly message: Message;
  readonly onAgain: (wish: Regenerate) => void;
  readonly isDisabled: boolean;
}

/** The same question to another model, or to the CPU. */
export function AgainMenu({ message, onAgain, isDisabled }: AgainMenuProps): JSX.Element {
  const { t } = useTranslation();
  const models = useModels();
  const hasCpu = useHasCpuEngine();
  const others = answeringModels(models.data?.models ?? []).filter((name) => name !== message.model);
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="md"
          w={18}
          miw={18}
          aria-label={t('chat.more_again')}
          disabled={isDisabled}
        >
          <IconChevronDown size={13} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown className={classes['again'] ?? ''}>
        <Menu.Item leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => onAgain({})}>
          {t('chat.again_same')}
        </Menu.Item>
        {hasCpu && message.details?.engine !== 'local' && (
          <Menu.Item
            leftSection={<IconCpu size={16} aria-hidden />}
            onClick={() => onAgain({ engine: 'local' })}
          >
            {t('chat.again_cpu')}
          </Menu.Item>
        )}
        {others.length > 0 && <Menu.Label>{t('chat.again_model')}</Menu.Label>}
        {others.map((model) => (
          <Menu.Item key={model} onClick={() => onAgain({ model })}>
            {model}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
