import { describe, expect, test } from '@jest/globals';
import type { TFunction } from 'i18next';
import { RequestFailed } from '../api/request-failed.ts';
import { sayRefusedUpload } from './refused-upload.ts';

const t = ((key: string, values: object) =>
  `${key} ${Object.values(values).join('×')}`) as unknown as TFunction;

function refused(code: string, title: string, message: string | null): RequestFailed {
  return new RequestFailed(422, {
    type: `urn:baton:problem:${code}`,
    title,
    status: 422,
    code,
    retry: 'never',
    correlation_id: 'abc',
    ...(message === null ? {} : { errors: [{ field: 'file', message }] }),
  });
}

describe('why a picture was not taken', () => {
  test('too large a file: with the limit that the gateway names', () => {
    const error = refused('request.too_large', 'Too large.', 'must not be larger than 20 MiB');
    expect(sayRefusedUpload(error, t)).toBe('Too large. picture.upload_mib 20');
  });

  test('too many pixels: the limit, not the picture’s own size', () => {
    const error = refused(
      'image.too_many_pixels',
      'Too many pixels.',
      'has 9000 × 8000 pixels; at most 4096 × 4000 are taken',
    );
    expect(sayRefusedUpload(error, t)).toBe('Too many pixels. picture.upload_pixels 4096×4000');
  });

  test('a full storage, and whatever names no figures: the sentence alone', () => {
    expect(sayRefusedUpload(refused('image.quota_reached', 'Full.', null), t)).toBe('Full.');
    expect(sayRefusedUpload(refused('image.not_an_image', 'No picture.', 'is empty'), t)).toBe('No picture.');
  });
});
