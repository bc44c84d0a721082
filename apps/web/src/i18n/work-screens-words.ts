import { i18n } from './i18n.ts';
import { workScreensEn } from './work-screens-en.ts';
import { workScreensRu } from './work-screens-ru.ts';

/** Adds what these screens say to the dictionaries; once more changes nothing. */
export function addWorkScreensWords(): void {
  i18n.addResourceBundle('en', 'page', { work: workScreensEn }, true);
  i18n.addResourceBundle('ru', 'page', { work: workScreensRu }, true);
}
