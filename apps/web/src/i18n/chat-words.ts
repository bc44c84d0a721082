import { chatEn } from './chat-en.ts';
import { chatRu } from './chat-ru.ts';
import { i18n } from './i18n.ts';
import { pictureEn } from './picture-en.ts';
import { pictureRu } from './picture-ru.ts';

/** Adds what the chats and their pictures say to the dictionaries; once more changes nothing. */
export function addChatWords(): void {
  i18n.addResourceBundle('en', 'page', { chat: chatEn, picture: pictureEn }, true);
  i18n.addResourceBundle('ru', 'page', { chat: chatRu, picture: pictureRu }, true);
}
