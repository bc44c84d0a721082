import type { GalleryEntry } from '@baton/contracts';
import { ActionIcon, Tooltip, UnstyledButton } from '@mantine/core';
import { IconCircle, IconCircleCheckFilled, IconHeart, IconHeartFilled } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { PictureImage } from '../images/picture-image.tsx';
import { useFavourite } from '../images/picture-queries.ts';
import { showError } from '../ui/show-error.ts';
import classes from './gallery.module.css';
import { useIsNear } from './use-near.ts';

interface GalleryTileProps {
  readonly entry: GalleryEntry;
  /** Null while pictures are looked at, not selected. */
  readonly isChosen: boolean | null;
  readonly onOpen: () => void;
  readonly onChoose: () => void;
}

/** One picture of the gallery. Its bytes are held only while it is near the window. */
export function GalleryTile({ entry, isChosen, onOpen, onChoose }: GalleryTileProps): JSX.Element {
  const { t } = useTranslation();
  const [place, isNear] = useIsNear<HTMLLIElement>();
  const name = entry.prompt ?? t('picture.filters.uploaded');
  return (
    <li ref={place} className={classes['tile']}>
      <UnstyledButton
        className={classes['open'] ?? ''}
        title={name}
        aria-label={`${t(isChosen === null ? 'image.open' : 'picture.select')}: ${name}`}
        aria-pressed={isChosen ?? undefined}
        onClick={isChosen === null ? onOpen : onChoose}
      >
        {isNear && <PictureImage imageId={entry.id} alt="" />}
        {isChosen !== null && (
          <span className={classes['check']} data-chosen={isChosen || undefined}>
            {isChosen ? (
              <IconCircleCheckFilled size={26} aria-hidden />
            ) : (
              <IconCircle size={26} aria-hidden />
            )}
          </span>
        )}
      </UnstyledButton>
      {isChosen === null && <Favourite entry={entry} />}
    </li>
  );
}

function Favourite({ entry }: Pick<GalleryTileProps, 'entry'>): JSX.Element {
  const { t } = useTranslation();
  const change = useFavourite();
  const { id: imageId, favourite } = entry;
  const Icon = favourite ? IconHeartFilled : IconHeart;
  return (
    <Tooltip label={t('picture.favourite')}>
      <ActionIcon
        className={classes['favourite'] ?? ''}
        data-on={favourite || undefined}
        variant="transparent"
        aria-label={t('picture.favourite')}
        aria-pressed={favourite}
        disabled={change.isPending}
        onClick={() => change.mutate({ imageId, favourite: !favourite }, { onError: showError })}
      >
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
