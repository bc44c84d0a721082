import { Button, CloseButton, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconChecks, IconSearch } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Page } from '../ui/page.tsx';
import { FILTERS, isFilter, useGallery, type Filter } from './gallery-queries.ts';
import { FoundPictures } from './found-pictures.tsx';
import { StorageUsed } from './storage-used.tsx';

const TYPING_PAUSE_MS = 250;
const SEARCH_CHARS = 200;

/** All my pictures: to look through, to keep, to go on with, to throw away. */
export function GalleryScreen(): JSX.Element {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search.trim(), TYPING_PAUSE_MS);
  const [filter, setFilter] = useState<Filter>('all');
  const [isSelecting, setSelecting] = useState(false);
  const found = useGallery(settled, filter);
  const storage = found.data?.pages[0]?.storage;
  return (
    <Page
      title={t('picture.gallery')}
      hint={t('picture.gallery_hint')}
      aside={storage === undefined ? null : <StorageUsed storage={storage} />}
    >
      <Group gap="sm">
        <TextInput
          type="search"
          flex="1 1 14rem"
          aria-label={t('picture.search')}
          placeholder={t('picture.search')}
          maxLength={SEARCH_CHARS}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            search === '' ? null : (
              <CloseButton size="sm" aria-label={t('chats.clear_search')} onClick={() => setSearch('')} />
            )
          }
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('picture.filter')}
          value={filter}
          onChange={(value) => {
            if (isFilter(value)) setFilter(value);
          }}
          data={FILTERS.map((value) => ({ value, label: t(`picture.filters.${value}`) }))}
        />
        <Button
          size="xs"
          variant={isSelecting ? 'light' : 'default'}
          aria-pressed={isSelecting}
          leftSection={<IconChecks size={16} aria-hidden />}
          onClick={() => setSelecting(!isSelecting)}
        >
          {t('picture.select')}
        </Button>
      </Group>
      <FoundPictures
        // What was selected among other pictures is not selected among these.
        key={`${filter} ${settled} ${isSelecting}`}
        found={found}
        isNarrowed={settled !== '' || filter !== 'all'}
        isSelecting={isSelecting}
        onSelected={() => setSelecting(false)}
      />
    </Page>
  );
}
