import type { User } from '@baton/contracts';
import { AppShell, Burger, Center, Group, Loader, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense, useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Route, Switch, useLocation, useRoute } from 'wouter';
import { AccountMenu } from '../auth/account-menu.tsx';
import { GpuStrip } from '../gpu/gpu-strip.tsx';
import { Logo } from '../ui/logo.tsx';
import { ChatList } from './chat-list.tsx';
import { ChatView } from './chat-view.tsx';
import classes from './chats-screen.module.css';
import { NewChat } from './new-chat.tsx';

/** Screens that few open, so nobody else loads them. */
const GpuScreen = lazy(() =>
  import('../gpu-screen/gpu-screen.tsx').then((module) => ({ default: module.GpuScreen })),
);
const ModelsScreen = lazy(() =>
  import('../models/models-screen.tsx').then((module) => ({ default: module.ModelsScreen })),
);
const DialogueScreen = lazy(() =>
  import('../dialogues/dialogue-screen.tsx').then((module) => ({ default: module.DialogueScreen })),
);
const BatchesScreen = lazy(() =>
  import('../batches/batches-screen.tsx').then((module) => ({ default: module.BatchesScreen })),
);
const ComparisonsScreen = lazy(() =>
  import('../comparisons/comparisons-screen.tsx').then((module) => ({ default: module.ComparisonsScreen })),
);

const GalleryScreen = lazy(() =>
  import('../gallery/gallery-screen.tsx').then((module) => ({ default: module.GalleryScreen })),
);

const MAIN_ID = 'content';

export function ChatsScreen({ user }: { readonly user: User }): JSX.Element {
  const { t } = useTranslation();
  const [isOpen, list] = useDisclosure(false);
  const [location] = useLocation();
  const [, params] = useRoute('/chats/:chatId');
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
        <Screen user={user} chatId={chatId} />
      </AppShell.Main>
    </AppShell>
  );
}

interface ScreenProps {
  readonly user: User;
  readonly chatId: number | null;
}

function Screen({ user, chatId }: ScreenProps): JSX.Element {
  const { t } = useTranslation();
  if (chatId !== null) {
    return Number.isSafeInteger(chatId) && chatId > 0 ? (
      <ChatView key={chatId} chatId={chatId} />
    ) : (
      <Text p="xl">{t('chats.gone')}</Text>
    );
  }
  return (
    <Suspense
      fallback={
        <Center h="100%">
          <Loader type="dots" aria-label={t('app.loading')} />
        </Center>
      }
    >
      <Switch>
        <Route path="/gpu">
          <GpuScreen user={user} />
        </Route>
        <Route path="/models">
          <ModelsScreen user={user} />
        </Route>
        <Route path="/dialogue">
          <DialogueScreen />
        </Route>
        <Route path="/gallery">
          <GalleryScreen />
        </Route>
        <Route path="/batches">
          <BatchesScreen />
        </Route>
        <Route path="/comparisons">
          <ComparisonsScreen user={user} />
        </Route>
        <Route>
          <NewChat user={user} />
        </Route>
      </Switch>
    </Suspense>
  );
}
