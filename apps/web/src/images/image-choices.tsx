import { IMAGE_LIMITS } from '@baton/contracts';
import { Button, Select, Tooltip } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconPhotoPlus } from '@tabler/icons-react';
import { useRef, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ToolButton } from '../chats/tool-button.tsx';
import classes from './image-form.module.css';
import { countSettings, IMAGE_SIZES, isSizeChoice, isSizeName, type ImageWish } from './image-wish.ts';

interface ImageChoicesProps {
  readonly wish: ImageWish;
  readonly onWish: (wish: ImageWish) => void;
  readonly isSettingsOpen: boolean;
  readonly onSettings: () => void;
}

/** What is in sight of a wish for a picture; the rest is folded behind "settings". */
export function ImageChoices({ wish, onWish, isSettingsOpen, onSettings }: ImageChoicesProps): JSX.Element {
  const { t } = useTranslation();
  const count = countSettings(wish);
  return (
    <>
      <SizeChoice wish={wish} onWish={onWish} />
      <Select
        size="xs"
        w={72}
        aria-label={t('picture.variants')}
        allowDeselect={false}
        value={String(wish.count)}
        onChange={(value) => onWish({ ...wish, count: Number(value) })}
        data={Array.from({ length: IMAGE_LIMITS.batch }, (_, index) => ({
          value: String(index + 1),
          label: `× ${index + 1}`,
        }))}
      />
      <Tooltip label={t('picture.settings')}>
        <Button
          size="xs"
          px={8}
          className={classes['toggle'] ?? ''}
          variant="default"
          data-changed={count > 0 || undefined}
          aria-label={count > 0 ? t('picture.settings_count', { number: count }) : t('picture.settings')}
          aria-expanded={isSettingsOpen}
          onClick={onSettings}
        >
          <IconAdjustmentsHorizontal size={17} aria-hidden />
          {count > 0 && <span className={classes['number']}>{count}</span>}
        </Button>
      </Tooltip>
    </>
  );
}

function SizeChoice({ wish, onWish }: Pick<ImageChoicesProps, 'wish' | 'onWish'>): JSX.Element {
  const { t } = useTranslation();
  return (
    <Select
      size="xs"
      w={164}
      aria-label={t('composer.size')}
      allowDeselect={false}
      value={wish.size}
      onChange={(value) => {
        if (!isSizeChoice(value)) return;
        // A size in figures begins with the one that was chosen before.
        const own = isSizeName(wish.size) ? IMAGE_SIZES[wish.size] : wish.own;
        onWish({ ...wish, size: value, own: value === 'own' ? own : wish.own });
      }}
      data={[
        ...(wish.reference === null ? [] : [{ value: 'like', label: t('picture.size_like') }]),
        ...Object.entries(IMAGE_SIZES).map(([name, { width, height }]) => ({
          value: name,
          label: `${t(`composer.${isSizeName(name) ? name : 'square'}`)} ${width}×${height}`,
        })),
        { value: 'own', label: t('picture.size_own') },
      ]}
    />
  );
}

/** Opens the files of this device for a picture to start from. */
export function ReferenceButton({
  onFiles,
}: {
  readonly onFiles: (files: readonly File[]) => void;
}): JSX.Element {
  const { t } = useTranslation();
  const files = useRef<HTMLInputElement>(null);
  return (
    <>
      <ToolButton
        label={t('picture.add_reference')}
        icon={<IconPhotoPlus size={18} aria-hidden />}
        onClick={() => files.current?.click()}
      />
      <input
        ref={files}
        type="file"
        hidden
        accept="image/*"
        aria-label={t('picture.add_reference')}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file can be chosen once more.
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
