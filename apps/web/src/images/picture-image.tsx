import { Skeleton } from '@mantine/core';
import { IconPhotoOff } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import classes from './images.module.css';
import { usePicture } from './use-picture.ts';

interface PictureImageProps {
  readonly imageId: number;
  readonly alt: string;
}

/** The small picture of an image, as large as the place it is in; a quiet sign where it is gone. */
export function PictureImage({ imageId, alt }: PictureImageProps): JSX.Element {
  const { client } = useGateway();
  const { url, missing } = usePicture(['thumbnail', imageId], () => client.imageThumbnail(imageId));
  if (missing !== null) return <GonePicture why={missing} />;
  return url === null ? <Skeleton h="100%" mih={48} miw={48} /> : <img src={url} alt={alt} />;
}

/** In place of a picture. Deleted ones are no fault, so nothing is red. */
export function GonePicture({ why }: { readonly why: 'deleted' | 'failed' }): JSX.Element {
  const { t } = useTranslation();
  return (
    <span className={classes['missing']}>
      <IconPhotoOff size={20} aria-hidden />
      <span>{t(why === 'deleted' ? 'picture.deleted' : 'image.missing')}</span>
    </span>
  );
}
