import { ActionIcon, Loader } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useEffect, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './composer.module.css';
import type { Attached } from './draft.ts';

interface AttachedPicturesProps {
  readonly pictures: readonly Attached[];
  readonly onRemove: (key: string) => void;
}

/** The pictures that will go with the message. */
export function AttachedPictures({ pictures, onRemove }: AttachedPicturesProps): JSX.Element | null {
  const { t } = useTranslation();
  if (pictures.length === 0) return null;
  return (
    <ul className={classes['pictures']} aria-label={t('chat.attached')}>
      {pictures.map((picture) => (
        <li key={picture.key} className={classes['picture']}>
          <Preview picture={picture} />
          {picture.imageId === null && (
            <Loader
              size={22}
              className={classes['uploading'] ?? ''}
              aria-label={t('chat.attach_uploading', { name: picture.file.name })}
            />
          )}
          <ActionIcon
            className={classes['remove'] ?? ''}
            variant="default"
            size={22}
            radius="xl"
            aria-label={t('chat.attach_remove', { name: picture.file.name })}
            onClick={() => onRemove(picture.key)}
          >
            <IconX size={13} aria-hidden />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}

function Preview({ picture: { file } }: { readonly picture: Attached }): JSX.Element | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url === null ? null : <img src={url} alt={file.name} />;
}
