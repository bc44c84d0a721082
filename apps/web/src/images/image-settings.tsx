import { NumberInput, Select } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { IMAGE_SIZES, isSizeName, type ImageSettings } from './image-sizes.ts';

interface ImageSettingsFieldsProps {
  readonly settings: ImageSettings;
  readonly onChange: (settings: ImageSettings) => void;
}

export function ImageSettingsFields({ settings, onChange }: ImageSettingsFieldsProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      <Select
        size="xs"
        w={172}
        aria-label={t('composer.size')}
        allowDeselect={false}
        value={settings.size}
        onChange={(value) => {
          if (isSizeName(value)) onChange({ ...settings, size: value });
        }}
        data={Object.entries(IMAGE_SIZES).map(([name, { width, height }]) => ({
          value: name,
          label: `${t(`composer.${isSizeName(name) ? name : 'square'}`)} ${width}×${height}`,
        }))}
      />
      <NumberInput
        size="xs"
        w={142}
        aria-label={t('composer.seed')}
        placeholder={`${t('composer.seed')}: ${t('composer.seed_random')}`}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        max={Number.MAX_SAFE_INTEGER}
        value={settings.seed ?? ''}
        onChange={(value) => onChange({ ...settings, seed: typeof value === 'number' ? value : null })}
      />
    </>
  );
}
