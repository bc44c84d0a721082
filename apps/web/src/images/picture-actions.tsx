import { IMAGE_LIMITS, type Image, type SentMessage } from '@baton/contracts';
import { Button, Group, Menu } from '@mantine/core';
import {
  IconArrowsMaximize,
  IconChevronDown,
  IconDownload,
  IconHeart,
  IconHeartFilled,
  IconMessage2,
  IconPencil,
  IconPhotoPlus,
  IconTrash,
  IconWand,
} from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useGateway } from '../api/gateway-context.ts';
import { saveFile } from '../ui/save-file.ts';
import { showError } from '../ui/show-error.ts';
import type { Composed } from './composing.ts';
import classes from './images.module.css';
import { useDerive, useFavourite } from './picture-queries.ts';
import type { ViewedPicture } from './viewed-picture.ts';

export interface PictureUses {
  /** Takes the picture into the composer of its chat, or of a new one. */
  readonly onCompose: (composed: Composed, chatId: number | null) => void;
  /** Something was asked for that will be seen in a chat. */
  readonly onSent: (sent: SentMessage) => void;
  /** Nothing more can be asked for in this chat just now. */
  readonly isBusy: boolean;
  /** The picture is looked at away from its chat. */
  readonly leadsToChat: boolean;
}

interface PictureActionsProps extends PictureUses {
  readonly picture: ViewedPicture;
  /** Null for a picture that was brought along, and until it is known. */
  readonly details: Image | null;
  /** Whether a larger copy can be made here. */
  readonly canUpscale: boolean;
  /** The address of the whole file; null until it is there. */
  readonly url: string | null;
  readonly onDelete: () => void;
}

export function PictureActions(props: PictureActionsProps): JSX.Element {
  const { t } = useTranslation();
  const { picture, details, url, onCompose, onDelete, leadsToChat } = props;
  const { imageId, chatId } = picture;
  return (
    <Group gap="xs" className={classes['actions'] ?? ''}>
      {url !== null && <Download imageId={imageId} details={details} url={url} />}
      <Favourite picture={picture} details={details} />
      {details !== null && <Derive {...props} details={details} />}
      {details !== null && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPencil size={16} aria-hidden />}
          onClick={() => onCompose({ kind: 'again', image: details }, chatId)}
        >
          {t('picture.edit_again')}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPhotoPlus size={16} aria-hidden />}
        onClick={() => onCompose({ kind: 'reference', imageId }, chatId)}
      >
        {t('picture.use')}
      </Button>
      {leadsToChat && chatId !== null && (
        <Button
          size="xs"
          variant="default"
          component={Link}
          href={`/chats/${chatId}`}
          leftSection={<IconMessage2 size={16} aria-hidden />}
        >
          {t('picture.go_to_chat')}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconTrash size={16} aria-hidden />}
        onClick={onDelete}
      >
        {t('picture.delete')}
      </Button>
    </Group>
  );
}

interface DownloadProps {
  readonly imageId: number;
  readonly details: Image | null;
  readonly url: string;
}

/** The file as it is; one that was made here also with its prompt and settings inside. */
function Download({ imageId, details, url }: DownloadProps): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const save = useMutation({
    mutationFn: () => client.imageFileWithPrompt(imageId),
    onSuccess: (blob) => saveFile(`baton-${imageId}.png`, blob),
    onError: showError,
  });
  const isPng = details?.media_type !== 'image/jpeg';
  return (
    <Button.Group>
      <Button
        size="xs"
        component="a"
        href={url}
        download={`baton-${imageId}.${isPng ? 'png' : 'jpg'}`}
        leftSection={<IconDownload size={16} aria-hidden />}
      >
        {t('image.download')}
      </Button>
      {details !== null && isPng && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button size="xs" px={6} aria-label={t('picture.download_more')} loading={save.isPending}>
              <IconChevronDown size={14} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => save.mutate()}>{t('picture.download_with_prompt')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Button.Group>
  );
}

function Favourite({ picture, details }: Pick<PictureActionsProps, 'picture' | 'details'>): JSX.Element {
  const { t } = useTranslation();
  const change = useFavourite();
  const isFavourite = details?.favourite ?? picture.favourite ?? false;
  const Icon = isFavourite ? IconHeartFilled : IconHeart;
  return (
    <Button
      size="xs"
      variant="default"
      aria-pressed={isFavourite}
      leftSection={<Icon size={16} aria-hidden />}
      loading={change.isPending}
      onClick={() =>
        change.mutate({ imageId: picture.imageId, favourite: !isFavourite }, { onError: showError })
      }
    >
      {t('picture.favourite')}
    </Button>
  );
}

/** The same again with other seeds, or larger. */
function Derive({
  details,
  canUpscale,
  onSent,
  isBusy,
}: PictureActionsProps & { readonly details: Image }): JSX.Element {
  const { t } = useTranslation();
  const derive = useDerive();
  const counts = Array.from({ length: IMAGE_LIMITS.batch }, (_, index) => index + 1);
  return (
    <>
      {details.kind !== 'upscale' && (
        <Menu position="bottom-start" withinPortal>
          <Menu.Target>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconWand size={16} aria-hidden />}
              rightSection={<IconChevronDown size={13} aria-hidden />}
              disabled={isBusy || derive.isPending}
            >
              {t('picture.vary')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {counts.map((count) => (
              <Menu.Item
                key={count}
                onClick={() =>
                  derive.mutate(
                    { kind: 'vary', image: details, count },
                    { onSuccess: onSent, onError: showError },
                  )
                }
              >
                {t('picture.count', { count })}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {canUpscale && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconArrowsMaximize size={16} aria-hidden />}
          disabled={isBusy || derive.isPending}
          onClick={() =>
            derive.mutate({ kind: 'upscale', image: details }, { onSuccess: onSent, onError: showError })
          }
        >
          {t('picture.upscale')}
        </Button>
      )}
    </>
  );
}
