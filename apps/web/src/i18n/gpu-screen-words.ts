import { gpuScreenEn } from './gpu-screen-en.ts';
import { gpuScreenRu } from './gpu-screen-ru.ts';
import { i18n } from './i18n.ts';

/** Adds what the GPU screen says to the dictionaries; once more changes nothing. */
export function addGpuScreenWords(): void {
  i18n.addResourceBundle('en', 'page', { gpu_screen: gpuScreenEn }, true);
  i18n.addResourceBundle('ru', 'page', { gpu_screen: gpuScreenRu }, true);
}
