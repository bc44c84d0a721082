import { ERRORS, isErrorCode } from '@baton/kernel';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { RequestFailed } from '../api/request-failed.ts';
import type { chatEn } from './chat-en.ts';
import { en } from './en.ts';
import { errorsRu } from './errors-ru.ts';
import type { gpuScreenEn } from './gpu-screen-en.ts';
import type { modelsScreenEn } from './models-screen-en.ts';
import type { pictureEn } from './picture-en.ts';
import { ru } from './ru.ts';
import type { workScreensEn } from './work-screens-en.ts';

export const LANGUAGES = { en: 'English', ru: 'Русский' } as const;
export type Language = keyof typeof LANGUAGES;

const REMEMBERED = 'baton.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'page';
    resources: {
      page: typeof en & {
        readonly chat: typeof chatEn;
        readonly gpu_screen: typeof gpuScreenEn;
        readonly picture: typeof pictureEn;
        readonly models_screen: typeof modelsScreenEn;
        readonly work: typeof workScreensEn;
      };
    };
  }
}

export const i18n = i18next.createInstance();

/** The language that was chosen here before, else the first of the browser's that this page speaks, else English. */
export async function startI18n(): Promise<void> {
  await i18n.use(initReactI18next).init({
    resources: { en: { page: en }, ru: { page: ru } },
    defaultNS: 'page',
    lng: rememberedLanguage() ?? navigator.languages.map(languageOf).find((known) => known !== null) ?? 'en',
    fallbackLng: 'en',
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = i18n.language;
  i18n.on('languageChanged', (language) => {
    document.documentElement.lang = language;
  });
}

export function languageOf(tag: string): Language | null {
  const primary = tag.toLowerCase().split('-')[0];
  return primary === 'en' || primary === 'ru' ? primary : null;
}

export function rememberedLanguage(): Language | null {
  return languageOf(localStorage.getItem(REMEMBERED) ?? '');
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(REMEMBERED, language);
  await i18n.changeLanguage(language);
}

/** The sentence for a stable error code in the current language; `asSaid` is the gateway's own. */
export function sayCode(code: string | null, asSaid: string): string {
  if (i18n.language !== 'ru' || !isErrorCode(code)) return asSaid;
  return errorsRu[code] ?? asSaid;
}

/** The sentence for a code that came without one. */
export function sayBareCode(code: string): string {
  return sayCode(code, isErrorCode(code) ? ERRORS[code].say : code);
}

/** What somebody can do whose request was not let into the queue; null for every other code. */
export function sayAdvice(code: string | null): string | null {
  if (code === 'gpu.user_limit') return i18n.t('reply.advice.user_limit');
  if (code === 'gpu.overloaded') return i18n.t('reply.advice.overloaded');
  return null;
}

/** What to tell the user about anything that was thrown. */
export function sayError(error: unknown): string {
  if (!(error instanceof RequestFailed)) return i18n.t('app.unexpected');
  if (error.problem !== null) return sayCode(error.problem.code, error.problem.title);
  return i18n.t(error.status === 0 || error.status >= 500 ? 'app.unreachable' : 'app.unexpected');
}
