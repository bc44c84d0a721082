import { ActionIcon, Menu } from '@mantine/core';
import { IconChevronDown, IconFileImport, IconListDetails, IconMessages } from '@tabler/icons-react';
import { useRef, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useImportChat } from './chat-files.ts';

/** Beside "New chat": what else there is to begin. */
export function BeginMenu(): JSX.Element {
  const { t } = useTranslation();
  const file = useRef<HTMLInputElement>(null);
  const read = useImportChat();
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="filled" size={36} aria-label={t('chat.begin')} loading={read.isPending}>
            <IconChevronDown size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} href="/dialogue" leftSection={<IconMessages size={16} aria-hidden />}>
            {t('chat.between_models')}
          </Menu.Item>
          <Menu.Item component={Link} href="/batches" leftSection={<IconListDetails size={16} aria-hidden />}>
            {t('chat.batches')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFileImport size={16} aria-hidden />}
            onClick={() => file.current?.click()}
          >
            {t('chat.import')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <input
        ref={file}
        type="file"
        hidden
        accept="application/json,.json"
        aria-label={t('chat.import')}
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          if (chosen !== undefined) read.mutate(chosen);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
