import type { Image } from '@baton/contracts';
import { ActionIcon, Group, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { DeletePicturesDialog } from './delete-pictures-dialog.tsx';
import classes from './images.module.css';
import { PictureActions, type PictureUses } from './picture-actions.tsx';
import { PictureFacts } from './picture-facts.tsx';
import { GonePicture } from './picture-image.tsx';
import { useImagesOf } from './picture-queries.ts';
import { usePicture } from './use-picture.ts';
import { neighbour, type ViewedPicture } from './viewed-picture.ts';

interface ImageViewerProps extends PictureUses {
  readonly pictures: readonly ViewedPicture[];
  /** Which of them; null: closed. */
  readonly index: number | null;
  readonly onIndex: (index: number | null) => void;
}

/** One picture in full, with all that is known of it and all that can be done with it; the keys lead to the others. */
export function ImageViewer(props: ImageViewerProps): JSX.Element {
  const { t } = useTranslation();
  const { pictures, index, onIndex } = props;
  const [deleting, setDeleting] = useState<number | null>(null);
  const picture = index === null ? undefined : pictures[index];
  const images = useImagesOf(picture?.messageId ?? null, 0);
  const details = images.data?.images.find(({ id }) => id === picture?.imageId) ?? null;
  const close = (): void => onIndex(null);
  const go = (by: -1 | 1): void => {
    const next = index === null ? null : neighbour(index, by, pictures.length);
    if (next !== null && deleting === null) onIndex(next);
  };

  return (
    <>
      <Modal
        opened={picture !== undefined}
        onClose={close}
        size="90rem"
        centered
        title={details?.description ?? t('picture.title')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
        // The question whether to delete lies above and takes the key for itself.
        closeOnEscape={deleting === null}
      >
        {picture !== undefined && index !== null && (
          <div className={classes['viewer']}>
            <Full
              key={picture.imageId}
              {...props}
              picture={picture}
              details={details}
              canUpscale={images.data?.can_upscale === true}
              onDelete={() => setDeleting(picture.imageId)}
              onTurn={go}
              turn={pictures.length > 1 ? <Turn index={index} count={pictures.length} onTurn={go} /> : null}
            />
          </div>
        )}
      </Modal>
      <DeletePicturesDialog
        imageIds={deleting === null ? null : [deleting]}
        onClose={() => setDeleting(null)}
        onDeleted={() => {
          setDeleting(null);
          close();
        }}
      />
    </>
  );
}

interface FullProps extends ImageViewerProps {
  readonly picture: ViewedPicture;
  readonly details: Image | null;
  readonly canUpscale: boolean;
  readonly turn: JSX.Element | null;
  readonly onTurn: (by: -1 | 1) => void;
  readonly onDelete: () => void;
}

function Full({ picture, details, canUpscale, turn, onTurn, onDelete, ...uses }: FullProps): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const { imageId } = picture;
  useHotkeys([
    ['ArrowLeft', () => onTurn(-1)],
    ['ArrowRight', () => onTurn(1)],
  ]);
  const { url, missing } = usePicture(['file', imageId], () => client.imageFile(imageId));
  return (
    <>
      <div className={classes['stage']}>
        {missing !== null ? (
          <GonePicture why={missing} />
        ) : url === null ? (
          <Skeleton h="60dvh" aria-label={t('app.loading')} />
        ) : (
          <img
            src={url}
            alt={t('image.alt', { description: details?.description ?? '' })}
            className={classes['full']}
          />
        )}
        {turn}
      </div>
      <Stack>
        {missing !== 'deleted' && (
          <PictureActions
            {...uses}
            picture={picture}
            details={details}
            canUpscale={canUpscale}
            url={url}
            onDelete={onDelete}
          />
        )}
        {details !== null && <PictureFacts image={details} />}
      </Stack>
    </>
  );
}

interface TurnProps {
  readonly index: number;
  readonly count: number;
  readonly onTurn: (by: -1 | 1) => void;
}

function Turn({ index, count, onTurn }: TurnProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Group justify="center" gap="sm" mt="xs">
      <ActionIcon
        variant="default"
        radius="xl"
        size="lg"
        aria-label={t('picture.previous')}
        disabled={index === 0}
        onClick={() => onTurn(-1)}
      >
        <IconChevronLeft size={18} aria-hidden />
      </ActionIcon>
      <Text size="sm" className={classes['figures'] ?? ''} aria-live="polite">
        {t('picture.place', { place: index + 1, of: count })}
      </Text>
      <ActionIcon
        variant="default"
        radius="xl"
        size="lg"
        aria-label={t('picture.next')}
        disabled={index === count - 1}
        onClick={() => onTurn(1)}
      >
        <IconChevronRight size={18} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
