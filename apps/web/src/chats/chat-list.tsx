import type { Chat } from '@baton/contracts';
import { Button, CloseButton, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue, useHotkeys } from '@mantine/hooks';
import { IconMessages, IconPhoto, IconPlus, IconSearch } from '@tabler/icons-react';
import { useRef, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useRoute } from 'wouter';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Marked } from '../ui/marked.tsx';
import { BeginMenu } from './begin-menu.tsx';
import { ChatActions } from './chat-actions.tsx';
import { groupChats } from './chat-groups.ts';
import classes from './chat-list.module.css';
import { useChats } from './chat-queries.ts';

const TYPING_PAUSE_MS = 250;

export function ChatList({ openId }: { readonly openId: number | null }): JSX.Element {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search.trim(), TYPING_PAUSE_MS);
  const field = useRef<HTMLInputElement>(null);
  const [isGallery] = useRoute('/gallery');
  useHotkeys([['mod+K', () => field.current?.focus()]]);

  return (
    <nav className={classes['nav']} aria-label={t('chats.title')}>
      <Stack gap="xs" px="md" pb="sm">
        <Group gap={6} wrap="nowrap">
          <Button
            component={Link}
            href="/"
            flex={1}
            leftSection={<IconPlus size={18} aria-hidden />}
            variant="filled"
          >
            {t('chats.new')}
          </Button>
          <BeginMenu />
        </Group>
        <TextInput
          ref={field}
          type="search"
          aria-label={t('chats.search')}
          placeholder={t('chats.search')}
          maxLength={200}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            search === '' ? null : (
              <CloseButton size="sm" aria-label={t('chats.clear_search')} onClick={() => setSearch('')} />
            )
          }
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <div className={classes['row']} data-open={isGallery || undefined}>
          <Link href="/gallery" className={classes['link']} aria-current={isGallery ? 'page' : undefined}>
            <IconPhoto size={17} className={classes['kind']} aria-hidden />
            {t('picture.gallery')}
          </Link>
        </div>
      </Stack>
      <div className={classes['scroll']}>
        <FoundChats search={settled} openId={openId} />
      </div>
    </nav>
  );
}

interface FoundChatsProps {
  readonly search: string;
  readonly openId: number | null;
}

function FoundChats({ search, openId }: FoundChatsProps): JSX.Element {
  const { t } = useTranslation();
  const found = useChats(search);
  if (found.isPending) {
    return (
      <Stack gap="sm" p="md" aria-busy aria-label={t('app.loading')}>
        {[70, 90, 55, 80].map((width) => (
          <Skeleton key={width} h={14} w={`${width}%`} />
        ))}
      </Stack>
    );
  }
  if (found.isError) {
    return <ErrorNotice error={found.error} onRetry={() => void found.refetch()} />;
  }
  const chats = found.data.pages.flatMap((page) => page.chats);
  if (chats.length === 0) {
    return (
      <Text size="sm" c="dimmed" p="md">
        {search === '' ? t('chats.none') : t('chats.none_found', { query: search })}
      </Text>
    );
  }
  return (
    <>
      {groupChats(chats, new Date()).map(({ name, chats: members }) => (
        <section key={name} className={classes['group']}>
          <Title order={2} className={classes['group-name'] ?? ''}>
            {t(`chats.${name}`)}
          </Title>
          <ul className={classes['list']}>
            {members.map((chat) => (
              <ChatRow key={chat.id} chat={chat} search={search} isOpen={chat.id === openId} />
            ))}
          </ul>
        </section>
      ))}
      {found.hasNextPage && (
        <Button
          variant="subtle"
          color="gray"
          fullWidth
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t('chats.more')}
        </Button>
      )}
    </>
  );
}

interface ChatRowProps {
  readonly chat: Chat;
  readonly search: string;
  readonly isOpen: boolean;
}

function ChatRow({ chat, search, isOpen }: ChatRowProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <li className={classes['row']} data-open={isOpen || undefined}>
      <Link href={`/chats/${chat.id}`} className={classes['link']} aria-current={isOpen ? 'page' : undefined}>
        {chat.kind === 'models' && (
          <IconMessages size={15} className={classes['kind']} aria-label={t('chat.is_between_models')} />
        )}
        <Marked text={chat.title === '' ? t('chats.new') : chat.title} search={search} />
      </Link>
      <div className={classes['actions']}>
        <ChatActions chat={chat} isOpen={isOpen} />
      </div>
    </li>
  );
}
