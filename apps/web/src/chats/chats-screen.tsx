import type { User } from '@baton/contracts';
import { AppShell, Burger, Center, Group, Loader, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense, useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useRoute } from 'wouter';
import { AccountMenu } from '../auth/account-menu.tsx';
import { GpuStrip } from '../gpu/gpu-strip.tsx';
import { Logo } from '../ui/logo.tsx';
import { ChatList } from './chat-list.tsx';
import { ChatView } from './chat-view.tsx';
import classes from './chats-screen.module.css';
import { NewChat } from './new-chat.tsx';

/** Few ever open it, so nobody else loads it. */
const GpuScreen = lazy(() =>
  import('../gpu-screen/gpu-screen.tsx').then((module) => ({ default: module.GpuScreen })),
);

const MAIN_ID = 'content';

export function ChatsScreen({ user }: { readonly user: User }): JSX.Element {
  const { t } = useTranslation();
  const [isOpen, list] = useDisclosure(false);
  const [location] = useLocation();
  const [, params] = useRoute('/chats/:chatId');
  const [isGpuScreen] = useRoute('/gpu');
  const chatId = params === null ? null : Number(params.chatId);

  // On a phone the list covers the conversation: a choice made in it closes it.
  useEffect(() => list.close(), [location, list.close]);

  return (
    <AppShell
      layout="alt"
      header={{ height: 60 }}
      navbar={{ width: 290, breakpoint: 'md', collapsed: { mobile: !isOpen } }}
    >
      <button type="button" className="skip-link" onClick={() => document.getElementById(MAIN_ID)?.focus()}>
        {t('app.skip')}
      </button>
      <AppShell.Header className={classes['header'] ?? ''}>
        <Burger
          hiddenFrom="md"
          size="sm"
          opened={isOpen}
          onClick={list.toggle}
          aria-label={t('app.menu')}
          aria-expanded={isOpen}
        />
        <GpuStrip />
      </AppShell.Header>
      <AppShell.Navbar className={classes['navbar'] ?? ''}>
        <Group justify="space-between" px="md" h={60} className={classes['brand'] ?? ''}>
          <Logo />
          <Burger
            hiddenFrom="md"
            size="sm"
            opened={isOpen}
            onClick={list.toggle}
            aria-label={t('app.menu')}
            aria-expanded={isOpen}
          />
        </Group>
        <ChatList openId={chatId} />
        <div className={classes['account']}>
          <AccountMenu user={user} />
        </div>
      </AppShell.Navbar>
      <AppShell.Main id={MAIN_ID} tabIndex={-1} className={classes['main'] ?? ''}>
        {isGpuScreen ? (
          <Suspense
            fallback={
              <Center h="100%">
                <Loader type="dots" aria-label={t('app.loading')} />
              </Center>
            }
          >
            <GpuScreen user={user} />
          </Suspense>
        ) : chatId === null ? (
          <NewChat user={user} />
        ) : Number.isSafeInteger(chatId) && chatId > 0 ? (
          <ChatView key={chatId} chatId={chatId} />
        ) : (
          <Text p="xl">{t('chats.gone')}</Text>
        )}
      </AppShell.Main>
    </AppShell>
  );
}
