import { notifications } from '@mantine/notifications';
import type { Session } from '@baton/contracts';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { chooseLanguage, rememberedLanguage } from '../i18n/i18n.ts';

/** Begins a session: log-in and registration end here. */
export function useEnter(): (session: Session, how?: { readonly isNew: true }) => void {
  const { session } = useGateway();
  const { t } = useTranslation();
  return (started, how) => {
    const { locale, role, username } = started.user;
    if (locale !== null && rememberedLanguage() === null) void chooseLanguage(locale);
    session.begin(started);
    if (how !== undefined) {
      notifications.show({
        title: t('auth.welcome', { name: username }),
        message: role === 'admin' ? t('auth.you_are_admin') : t('app.tagline'),
        color: 'teal',
        closeButtonProps: { 'aria-label': t('app.close') },
      });
    }
  };
}
