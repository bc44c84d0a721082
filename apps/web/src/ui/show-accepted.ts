import { notifications } from '@mantine/notifications';
import { i18n } from '../i18n/i18n.ts';

/** Says that something was taken on which will be seen elsewhere on the page. */
export function showAccepted(message: string): void {
  notifications.show({ message, color: 'teal', closeButtonProps: { 'aria-label': i18n.t('app.close') } });
}
