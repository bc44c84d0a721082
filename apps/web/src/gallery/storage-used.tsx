import type { Gallery } from '@baton/api-client';
import { Progress, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes } from '../ui/bytes.ts';
import classes from './gallery.module.css';

const NEARLY_FULL = 0.9;

/** How much of my space the pictures take; a bar where there is a limit. */
export function StorageUsed({ storage }: Pick<Gallery, 'storage'>): JSX.Element {
  const { t, i18n } = useTranslation();
  const used = formatBytes(storage.used_bytes, i18n.language);
  if (storage.limit_bytes === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('picture.used', { used })}
      </Text>
    );
  }
  const share = Math.min(1, storage.used_bytes / storage.limit_bytes);
  const words = t('picture.used_of', { used, limit: formatBytes(storage.limit_bytes, i18n.language) });
  return (
    <div className={classes['storage']}>
      <Text size="sm" c="dimmed">
        {words}
      </Text>
      <Progress.Root size="sm" radius="xl">
        <Progress.Section
          value={share * 100}
          color={share > NEARLY_FULL ? 'red' : 'indigo'}
          aria-label={t('picture.storage')}
          aria-valuetext={words}
        />
      </Progress.Root>
    </div>
  );
}
