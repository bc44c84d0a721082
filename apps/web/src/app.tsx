import { Center, Loader, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState, type JSX } from 'react';
import { I18nextProvider, useTranslation } from 'react-i18next';
import { GatewayContext, useSession, type Gateway } from './api/gateway-context.ts';
import { AuthScreen } from './auth/auth-screen.tsx';
import { i18n } from './i18n/i18n.ts';
import { cssVariables, theme } from './theme.ts';
import { AnnouncerProvider } from './ui/announcer.tsx';
import { AwayBanner } from './away-banner.tsx';
import { CrashNotice } from './ui/crash-notice.tsx';

/** Loaded when somebody is logged in: the log-in page is there at once, on a phone too. */
const SignedIn = lazy(() => import('./signed-in.tsx').then((module) => ({ default: module.SignedIn })));

export function App({ gateway }: { readonly gateway: Gateway }): JSX.Element {
  // For logging in only; whoever is logged in gets a client of their own.
  const [queries] = useState(() => new QueryClient());
  return (
    <I18nextProvider i18n={i18n}>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <CrashNotice>
          <GatewayContext value={gateway}>
            <QueryClientProvider client={queries}>
              <AnnouncerProvider>
                <Notifications position="top-center" className="notices" />
                <AwayBanner />
                <Screens />
              </AnnouncerProvider>
            </QueryClientProvider>
          </GatewayContext>
        </CrashNotice>
      </MantineProvider>
    </I18nextProvider>
  );
}

function Screens(): JSX.Element {
  const session = useSession();
  switch (session.status) {
    case 'unknown':
      return <Waiting />;
    case 'out':
      return <AuthScreen ended={session.ended} />;
    case 'in':
      return (
        <Suspense fallback={<Waiting />}>
          {/* Another user means another page: nothing of the one before is left in memory. */}
          <SignedIn key={session.user.id} user={session.user} />
        </Suspense>
      );
  }
}

function Waiting(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Center h="100dvh">
      <Loader type="dots" aria-label={t('app.loading')} />
    </Center>
  );
}
