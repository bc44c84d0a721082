import type { Source } from '@baton/contracts';
import { Anchor, Text, Title } from '@mantine/core';
import { IconWorldSearch } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sourceId } from './source-id.ts';
import classes from './sources.module.css';

interface SourcesProps {
  readonly messageId: number;
  readonly search: { readonly query: string; readonly sources: readonly Source[] };
}

/** The pages of the web that an answer rests on, under the numbers by which it cites them. */
export function Sources({ messageId, search }: SourcesProps): JSX.Element {
  const { t } = useTranslation();
  const { query, sources } = search;
  return (
    <section className={classes['sources']} aria-label={t('chat.sources')}>
      <Title order={3} className={classes['title'] ?? ''}>
        <IconWorldSearch size={14} aria-hidden />
        {query === '' ? t('chat.sources') : t('chat.searched_for', { query })}
      </Title>
      {sources.length === 0 && (
        <Text size="xs" c="dimmed">
          {t('chat.no_sources')}
        </Text>
      )}
      <ol className={classes['list']}>
        {sources.map((source) => (
          <li key={source.n} id={sourceId(messageId, source.n)} tabIndex={-1} className={classes['source']}>
            <span className={classes['number']} aria-hidden>
              {source.n}
            </span>
            <div className={classes['what']}>
              <Page source={source} />
              <Text size="xs" c="dimmed" lineClamp={2}>
                {source.snippet}
              </Text>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Page({ source: { title, url } }: { readonly source: Source }): JSX.Element {
  const address = URL.canParse(url) ? new URL(url) : null;
  const host = address?.hostname.replace(/^www\./, '') ?? '';
  const name = title === '' ? host : title;
  // Found by a stranger's search engine: only what a browser opens as a page becomes a link.
  const isPage = address !== null && (address.protocol === 'https:' || address.protocol === 'http:');
  return (
    <Text size="sm" component="div">
      {isPage ? (
        <Anchor href={address.href} target="_blank" rel="noopener noreferrer nofollow" inherit>
          {name}
        </Anchor>
      ) : (
        name
      )}{' '}
      <Text span size="xs" c="dimmed">
        {host}
      </Text>
    </Text>
  );
}
