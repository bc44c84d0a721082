import type { Attachment, Image } from '@baton/contracts';
import { Skeleton, UnstyledButton } from '@mantine/core';
import { IconHeartFilled } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ImageViewer } from './image-viewer.tsx';
import classes from './images.module.css';
import type { PictureUses } from './picture-actions.tsx';
import { GonePicture, PictureImage } from './picture-image.tsx';
import { useImagesOf } from './picture-queries.ts';

interface ImageResultsProps extends Omit<PictureUses, 'leadsToChat' | 'onSent'> {
  readonly messageId: number;
  readonly chatId: number;
  readonly images: readonly Attachment[];
}

/** The finished pictures of a message; one at a time can be looked at in full. Those that were deleted leave a sign. */
export function ImageResults({ messageId, chatId, images, ...uses }: ImageResultsProps): JSX.Element {
  const [openId, setOpenId] = useState<number | null>(null);
  // A picture that has just been finished has to be asked for again.
  const details = useImagesOf(messageId, images.length);
  const detailsOf = (imageId: number): Image | null =>
    details.data?.images.find(({ id }) => id === imageId) ?? null;
  const isTold = details.isSuccess && !details.isPlaceholderData;
  const isGone = (imageId: number): boolean => isTold && detailsOf(imageId) === null;
  const pictures = images
    .filter(({ image_id: imageId }) => !isGone(imageId))
    .map(({ image_id: imageId }) => ({ imageId, messageId, chatId, favourite: null }));
  const index = pictures.findIndex(({ imageId }) => imageId === openId);
  return (
    <div className={classes['results']} data-several={images.length > 1 || undefined}>
      {images.map((image) => (
        <Result
          key={image.image_id}
          image={image}
          details={detailsOf(image.image_id)}
          isGone={isGone(image.image_id)}
          // A picture that was deleted is not asked for; one of which nothing can be learned is.
          isThere={detailsOf(image.image_id) !== null || details.isError}
          onOpen={() => setOpenId(image.image_id)}
        />
      ))}
      <ImageViewer
        {...uses}
        onCompose={(composed, id) => {
          setOpenId(null);
          uses.onCompose(composed, id);
        }}
        onSent={() => setOpenId(null)}
        leadsToChat={false}
        pictures={pictures}
        index={index < 0 ? null : index}
        onIndex={(next) => setOpenId(next === null ? null : (pictures[next]?.imageId ?? null))}
      />
    </div>
  );
}

interface ResultProps {
  readonly image: Attachment;
  readonly details: Image | null;
  readonly isGone: boolean;
  readonly isThere: boolean;
  readonly onOpen: () => void;
}

function Result({ image, details, isGone, isThere, onOpen }: ResultProps): JSX.Element {
  const { t } = useTranslation();
  const shape = { aspectRatio: `${image.width} / ${image.height}` };
  if (isGone) {
    return (
      <div className={classes['gone']}>
        <GonePicture why="deleted" />
      </div>
    );
  }
  return (
    <UnstyledButton
      className={classes['thumbnail'] ?? ''}
      style={shape}
      aria-label={t('image.open')}
      onClick={onOpen}
    >
      {isThere ? (
        <PictureImage
          imageId={image.image_id}
          alt={t('image.alt', { description: details?.description ?? '' })}
        />
      ) : (
        <Skeleton h="100%" />
      )}
      {details?.favourite === true && (
        <IconHeartFilled
          size={20}
          className={classes['heart']}
          role="img"
          aria-label={t('picture.favourite')}
        />
      )}
    </UnstyledButton>
  );
}
