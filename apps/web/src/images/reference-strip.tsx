import { ActionIcon, CloseButton, Group, Loader, Slider, Text, Tooltip } from '@mantine/core';
import { IconRotate2 } from '@tabler/icons-react';
import { useEffect, useId, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { DENOISE, withoutReference, type ImageWish, type Reference } from './image-wish.ts';
import classes from './image-form.module.css';
import { PictureImage } from './picture-image.tsx';

interface ReferenceStripProps {
  readonly wish: ImageWish;
  readonly onWish: (wish: ImageWish) => void;
}

/** The picture that the new one is made out of, and how far from it. */
export function ReferenceStrip({ wish, onWish }: ReferenceStripProps): JSX.Element | null {
  const { t } = useTranslation();
  const { reference } = wish;
  if (reference === null) return null;
  return (
    <div className={classes['reference']} role="group" aria-label={t('picture.reference')}>
      <div className={classes['small']}>
        <ReferencePicture reference={reference} />
        {reference.imageId === null && (
          <Loader
            size={22}
            className={classes['uploading'] ?? ''}
            aria-label={t('chat.attach_uploading', { name: reference.file?.name ?? '' })}
          />
        )}
      </div>
      <Change wish={wish} onWish={onWish} />
      <CloseButton
        className={classes['remove'] ?? ''}
        aria-label={t('picture.remove_reference')}
        onClick={() => onWish(withoutReference(wish))}
      />
    </div>
  );
}

function Change({ wish, onWish }: ReferenceStripProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const id = useId();
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent' });
  const { denoise } = wish;
  return (
    <div className={classes['change']}>
      <Group gap={4} justify="space-between" wrap="nowrap" mih={28}>
        <Text size="xs" fw={600} id={id}>
          {t('picture.change')}: {denoise === null ? t('picture.auto') : percent.format(denoise)}
        </Text>
        {denoise !== null && (
          <Tooltip label={t('picture.change_auto')}>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={t('picture.change_auto')}
              onClick={() => onWish({ ...wish, denoise: null })}
            >
              <IconRotate2 size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <Slider
        size="sm"
        color={denoise === null ? 'gray' : 'orange.8'}
        thumbProps={{ 'aria-labelledby': id }}
        min={DENOISE.least}
        max={DENOISE.most}
        step={0.05}
        label={(value) => percent.format(value)}
        value={denoise ?? DENOISE.usual}
        onChange={(value) => onWish({ ...wish, denoise: Math.round(value * 100) / 100 })}
      />
      <Group justify="space-between" gap="xs" mt={4} className={classes['ends'] ?? ''}>
        <span>{t('picture.change_least')}</span>
        <span>{t('picture.change_most')}</span>
      </Group>
    </div>
  );
}

function ReferencePicture({
  reference: { file, imageId },
}: {
  readonly reference: Reference;
}): JSX.Element | null {
  const { t } = useTranslation();
  if (file !== null) return <FilePicture file={file} />;
  return imageId === null ? null : <PictureImage imageId={imageId} alt={t('picture.reference')} />;
}

function FilePicture({ file }: { readonly file: File }): JSX.Element | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url === null ? null : <img src={url} alt={file.name} />;
}
