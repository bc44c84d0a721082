import type { Image } from '@baton/contracts';
import { Badge, Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { JSX, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import classes from './images.module.css';
import { usePicture } from './use-picture.ts';

interface ImageViewerProps {
  /** Null: closed. */
  readonly imageId: number | null;
  readonly details: Image | null;
  readonly onClose: () => void;
}

export function ImageViewer({ imageId, details, onClose }: ImageViewerProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Modal
      opened={imageId !== null}
      onClose={onClose}
      size="80rem"
      centered
      title={details?.description ?? ''}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {imageId !== null && <FullImage imageId={imageId} details={details} />}
    </Modal>
  );
}

function FullImage({
  imageId,
  details,
}: {
  readonly imageId: number;
  readonly details: Image | null;
}): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const picture = usePicture(['file', imageId], () => client.imageFile(imageId));
  return (
    <div className={classes['viewer']}>
      {picture.isMissing ? (
        <Text c="dimmed">{t('image.missing')}</Text>
      ) : picture.url === null ? (
        <Skeleton h="60dvh" />
      ) : (
        <img
          src={picture.url}
          alt={t('image.alt', { description: details?.description ?? '' })}
          className={classes['full']}
        />
      )}
      <Stack>
        {details !== null && <Facts image={details} />}
        {picture.url !== null && (
          <Button
            component="a"
            href={picture.url}
            download={`baton-${imageId}.png`}
            leftSection={<IconDownload size={17} aria-hidden />}
          >
            {t('image.download')}
          </Button>
        )}
      </Stack>
    </div>
  );
}

function Facts({ image }: { readonly image: Image }): JSX.Element {
  const { t, i18n } = useTranslation();
  return (
    <dl className={classes['facts']}>
      <Fact name={t('image.prompt')}>
        <Group gap={4} wrap="nowrap" align="flex-start">
          <span>{image.prompt_by === 'user' ? t('image.prompt_by_user') : image.prompt}</span>
          <CopyButton text={image.prompt} />
        </Group>
      </Fact>
      <Fact name={t('image.seed')}>
        <Group gap={4}>
          <span>{image.seed}</span>
          <CopyButton text={String(image.seed)} />
        </Group>
      </Fact>
      <Fact name={t('image.size')}>
        {image.width} × {image.height}
      </Fact>
      <Fact name={t('image.model')}>
        <Group gap="xs">
          <span>{image.model}</span>
          {image.simulated && (
            <Badge size="sm" variant="outline" color="gray" tt="none">
              {t('image.simulated')}
            </Badge>
          )}
        </Group>
      </Fact>
      <Fact name={t('image.steps')}>
        {image.settings.steps} · {image.settings.sampler}
      </Fact>
      <Fact name={t('image.created')}>
        {new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' }).format(
          new Date(image.created_at),
        )}
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
