import type { Attachment } from '@baton/contracts';
import { Skeleton, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { ImageViewer } from './image-viewer.tsx';
import classes from './images.module.css';
import { usePicture } from './use-picture.ts';

interface ImageResultsProps {
  readonly messageId: number;
  readonly images: readonly Attachment[];
}

/** The finished pictures of a message; one at a time can be looked at in full. */
export function ImageResults({ messageId, images }: ImageResultsProps): JSX.Element {
  const { client } = useGateway();
  const [openId, setOpenId] = useState<number | null>(null);
  const details = useQuery({
    // A picture that has just been finished has to be asked for again.
    queryKey: ['images', messageId, images.length],
    queryFn: () => client.imagesOf(messageId),
    staleTime: Infinity,
  });
  const detailsOf = (imageId: number) => details.data?.images.find(({ id }) => id === imageId) ?? null;
  return (
    <div className={classes['results']}>
      {images.map((image) => (
        <Thumbnail
          key={image.image_id}
          image={image}
          description={detailsOf(image.image_id)?.description ?? ''}
          onOpen={() => setOpenId(image.image_id)}
        />
      ))}
      <ImageViewer
        imageId={openId}
        details={openId === null ? null : detailsOf(openId)}
        onClose={() => setOpenId(null)}
      />
    </div>
  );
}

interface ThumbnailProps {
  readonly image: Attachment;
  readonly description: string;
  readonly onOpen: () => void;
}

function Thumbnail({ image, description, onOpen }: ThumbnailProps): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const picture = usePicture(['thumbnail', image.image_id], () => client.imageThumbnail(image.image_id));
  return (
    <UnstyledButton
      className={classes['thumbnail'] ?? ''}
      style={{ aspectRatio: `${image.width} / ${image.height}` }}
      aria-label={t('image.open')}
      onClick={onOpen}
    >
      {picture.isMissing ? (
        <span className={classes['missing']}>{t('image.missing')}</span>
      ) : picture.url === null ? (
        <Skeleton h="100%" />
      ) : (
        <img src={picture.url} alt={t('image.alt', { description })} />
      )}
    </UnstyledButton>
  );
}
