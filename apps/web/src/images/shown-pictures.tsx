import type { Attachment } from '@baton/contracts';
import { Skeleton } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import classes from './images.module.css';
import { usePicture } from './use-picture.ts';

interface ShownPicturesProps {
  readonly pictures: readonly Attachment[];
  readonly label: string;
}

/** The pictures that a question shows to the model. */
export function ShownPictures({ pictures, label }: ShownPicturesProps): JSX.Element {
  return (
    <ul className={classes['shown']} aria-label={label}>
      {pictures.map((picture, index) => (
        <li key={picture.image_id}>
          <Shown picture={picture} name={`${label} ${index + 1}`} />
        </li>
      ))}
    </ul>
  );
}

function Shown({ picture, name }: { readonly picture: Attachment; readonly name: string }): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const { image_id: imageId, width, height } = picture;
  const { url, isMissing } = usePicture(['thumbnail', imageId], () => client.imageThumbnail(imageId));
  if (isMissing) return <span className={classes['missing']}>{t('image.missing')}</span>;
  if (url === null) return <Skeleton w={120} h={90} />;
  return <img src={url} alt={name} style={{ aspectRatio: `${width} / ${height}` }} />;
}
