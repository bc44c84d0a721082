import { Loader, Text, Transition } from '@mantine/core';
import { useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway, useReachability } from './api/gateway-context.ts';
import classes from './away-banner.module.css';

const LOOK_EVERY_MS = 2_000;

/** Says that the gateway cannot be reached, looks for it, and goes by itself when it is there again. */
export function AwayBanner(): JSX.Element {
  const { client } = useGateway();
  const { t } = useTranslation();
  const isAway = useReachability() === 'away';

  useEffect(() => {
    if (!isAway) return undefined;
    // A failure is reported by the client itself; success ends this effect.
    const look = (): void => void client.isLive().catch(() => false);
    const timer = window.setInterval(look, LOOK_EVERY_MS);
    window.addEventListener('online', look);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener('online', look);
    };
  }, [isAway, client]);

  return (
    <div role="alert" className={classes['place']}>
      <Transition mounted={isAway} transition="slide-down">
        {(style) => (
          <div className={classes['banner']} style={style}>
            <Loader size="xs" color="currentColor" aria-hidden />
            <Text size="sm">{t('app.away')}</Text>
          </div>
        )}
      </Transition>
    </div>
  );
}
