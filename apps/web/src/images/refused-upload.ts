import type { TFunction } from 'i18next';
import { RequestFailed } from '../api/request-failed.ts';
import { sayError } from '../i18n/i18n.ts';
import { fieldError } from '../ui/field-error.ts';

/** Why the gateway did not take a picture, with the limit it names: the sentence is ours, the figures are the gateway's. */
export function sayRefusedUpload(error: unknown, t: TFunction): string {
  const sentence = sayError(error);
  const detail = sayLimit(error, t);
  return detail === null ? sentence : `${sentence} ${detail}`;
}

function sayLimit(error: unknown, t: TFunction): string | null {
  if (!(error instanceof RequestFailed)) return null;
  const figures = fieldError(error, 'file')?.match(/\d+/g) ?? [];
  if (error.code === 'request.too_large' && figures.length === 1)
    return t('picture.upload_mib', { mib: figures[0] });
  if (error.code !== 'image.too_many_pixels' || figures.length < 2) return null;
  const [width = '', height = ''] = figures.slice(-2);
  return t('picture.upload_pixels', { width, height });
}
