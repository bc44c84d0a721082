import { i18n } from './i18n.ts';
import { modelsScreenEn } from './models-screen-en.ts';
import { modelsScreenRu } from './models-screen-ru.ts';

/** Adds what the models screen says to the dictionaries; once more changes nothing. */
export function addModelsScreenWords(): void {
  i18n.addResourceBundle('en', 'page', { models_screen: modelsScreenEn }, true);
  i18n.addResourceBundle('ru', 'page', { models_screen: modelsScreenRu }, true);
}
