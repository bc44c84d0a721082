import type { GalleryEntry } from '@baton/contracts';
import { Button, Center, Group, Loader, Skeleton, Stack, Text } from '@mantine/core';
import { IconPhoto, IconTrash } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useComposing } from '../images/composing.ts';
import { DeletePicturesDialog } from '../images/delete-pictures-dialog.tsx';
import { ImageViewer } from '../images/image-viewer.tsx';
import { ErrorNotice } from '../ui/error-notice.tsx';
import type { useGallery } from './gallery-queries.ts';
import { GalleryTile } from './gallery-tile.tsx';
import classes from './gallery.module.css';
import { useNear } from './use-near.ts';

/** So many before the last one the next page is read, for whoever walks through them in the viewer. */
const READ_AHEAD = 5;

interface FoundPicturesProps {
  readonly found: ReturnType<typeof useGallery>;
  /** A search or a filter leaves pictures out. */
  readonly isNarrowed: boolean;
  readonly isSelecting: boolean;
  readonly onSelected: () => void;
}

export function FoundPictures({
  found,
  isNarrowed,
  isSelecting,
  onSelected,
}: FoundPicturesProps): JSX.Element {
  const { t } = useTranslation();
  const [openId, setOpenId] = useState<number | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  if (found.isPending) return <Waiting />;
  if (found.data === undefined) {
    return <ErrorNotice error={found.error} onRetry={() => void found.refetch()} />;
  }
  const entries = found.data.pages.flatMap((page) => page.images);
  if (entries.length === 0) return <Nothing isNarrowed={isNarrowed} />;
  const readMore = (): void => {
    if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
  };
  return (
    <>
      {isSelecting && <Selection chosen={chosen} onDeleted={onSelected} />}
      <ul className={classes['grid']} aria-label={t('picture.gallery')}>
        {entries.map((entry) => (
          <GalleryTile
            key={entry.id}
            entry={entry}
            isChosen={isSelecting ? chosen.has(entry.id) : null}
            onOpen={() => setOpenId(entry.id)}
            onChoose={() => setChosen(toggled(chosen, entry.id))}
          />
        ))}
      </ul>
      {found.hasNextPage && <More onMore={readMore} isReading={found.isFetchingNextPage} />}
      <GalleryViewer entries={entries} openId={openId} onOpen={setOpenId} readMore={readMore} />
    </>
  );
}

function toggled(chosen: ReadonlySet<number>, id: number): ReadonlySet<number> {
  const next = new Set(chosen);
  if (!next.delete(id)) next.add(id);
  return next;
}

interface GalleryViewerProps {
  readonly entries: readonly GalleryEntry[];
  readonly openId: number | null;
  readonly onOpen: (id: number | null) => void;
  readonly readMore: () => void;
}

function GalleryViewer({ entries, openId, onOpen, readMore }: GalleryViewerProps): JSX.Element {
  const [, navigate] = useLocation();
  const { hand } = useComposing();
  const index = entries.findIndex(({ id }) => id === openId);
  return (
    <ImageViewer
      pictures={entries.map((entry) => ({
        imageId: entry.id,
        messageId: entry.message_id,
        chatId: entry.chat_id,
        favourite: entry.favourite,
      }))}
      index={index < 0 ? null : index}
      onIndex={(next) => {
        onOpen(next === null ? null : (entries[next]?.id ?? null));
        if (next !== null && next >= entries.length - READ_AHEAD) readMore();
      }}
      isBusy={false}
      leadsToChat
      onCompose={(composed, chatId) => {
        hand(composed);
        // A reference may serve anything; a picture made once more belongs beside the first.
        navigate(composed.kind === 'again' && chatId !== null ? `/chats/${chatId}` : '/');
      }}
      onSent={({ message }) => navigate(`/chats/${message.chat_id}`)}
    />
  );
}

interface SelectionProps {
  readonly chosen: ReadonlySet<number>;
  readonly onDeleted: () => void;
}

function Selection({ chosen, onDeleted }: SelectionProps): JSX.Element {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState<readonly number[] | null>(null);
  return (
    <Group gap="sm" className={classes['selection'] ?? ''}>
      <Text size="sm" aria-live="polite">
        {t('picture.selected', { number: chosen.size })}
      </Text>
      <Button
        size="xs"
        color="red.9"
        disabled={chosen.size === 0}
        leftSection={<IconTrash size={16} aria-hidden />}
        onClick={() => setDeleting([...chosen])}
      >
        {t('picture.delete_selected')}
      </Button>
      <DeletePicturesDialog
        imageIds={deleting}
        onClose={() => setDeleting(null)}
        onDeleted={() => {
          setDeleting(null);
          onDeleted();
        }}
      />
    </Group>
  );
}

/** The next page comes by itself when its place is near; the button is for whoever does not scroll. */
function More({
  onMore,
  isReading,
}: {
  readonly onMore: () => void;
  readonly isReading: boolean;
}): JSX.Element {
  const { t } = useTranslation();
  const place = useNear<HTMLDivElement>(onMore);
  return (
    <Center ref={place} py="md">
      {isReading ? (
        <Loader type="dots" aria-label={t('app.loading')} />
      ) : (
        <Button size="xs" variant="subtle" color="gray" onClick={onMore}>
          {t('chats.more')}
        </Button>
      )}
    </Center>
  );
}

function Nothing({ isNarrowed }: { readonly isNarrowed: boolean }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <IconPhoto size={42} className={classes['blank']} aria-hidden />
      <Text fw={600}>{t(isNarrowed ? 'picture.none_found' : 'picture.none')}</Text>
      {!isNarrowed && (
        <Text size="sm" c="dimmed">
          {t('picture.none_hint')}
        </Text>
      )}
    </Stack>
  );
}

function Waiting(): JSX.Element {
  const { t } = useTranslation();
  return (
    <div className={classes['grid']} aria-busy aria-label={t('app.loading')} role="status">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} className={classes['tile'] ?? ''} />
      ))}
    </div>
  );
}
