import type { Attachment } from '@baton/contracts';
import { UnstyledButton } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ImageViewer } from './image-viewer.tsx';
import classes from './images.module.css';
import type { PictureUses } from './picture-actions.tsx';
import { PictureImage } from './picture-image.tsx';

interface ShownPicturesProps extends Pick<PictureUses, 'onCompose' | 'isBusy'> {
  readonly pictures: readonly Attachment[];
  readonly chatId: number;
  readonly label: string;
}

/** The pictures that a question shows to the model. */
export function ShownPictures({ pictures, chatId, label, ...uses }: ShownPicturesProps): JSX.Element {
  const { t } = useTranslation();
  const [index, setIndex] = useState<number | null>(null);
  return (
    <>
      <ul className={classes['shown']} aria-label={label}>
        {pictures.map(({ image_id: imageId, width, height }, place) => (
          <li key={imageId}>
            <UnstyledButton
              style={{ aspectRatio: `${width} / ${height}` }}
              aria-label={t('image.open')}
              onClick={() => setIndex(place)}
            >
              <PictureImage imageId={imageId} alt={`${label} ${place + 1}`} />
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <ImageViewer
        {...uses}
        onCompose={(composed, id) => {
          setIndex(null);
          uses.onCompose(composed, id);
        }}
        onSent={() => setIndex(null)}
        leadsToChat={false}
        pictures={pictures.map(({ image_id: imageId }) => ({
          imageId,
          messageId: null,
          chatId,
          favourite: null,
        }))}
        index={index}
        onIndex={setIndex}
      />
    </>
  );
}
