import { notifications } from '@mantine/notifications';
import { i18n, sayError } from '../i18n/i18n.ts';

/** For a small action that has no place of its own to say what went wrong. */
export function showError(error: unknown): void {
  showSentence(sayError(error));
}

/** The same for something that this page itself could not do. */
export function showSentence(message: string): void {
  notifications.show({
    message,
    color: 'red',
    role: 'alert',
    closeButtonProps: { 'aria-label': i18n.t('app.close') },
  });
}
