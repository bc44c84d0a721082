import { chatEn } from './chat-en.ts';
import { chatRu } from './chat-ru.ts';
import { i18n } from './i18n.ts';

/** Adds what the chats say to the dictionaries; once more changes nothing. */
export function addChatWords(): void {
  i18n.addResourceBundle('en', 'page', { chat: chatEn }, true);
  i18n.addResourceBundle('ru', 'page', { chat: chatRu }, true);
}
