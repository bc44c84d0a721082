import type { QueueView } from '@baton/contracts';
import { Anchor, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import classes from './queue-list.module.css';
import { sayEta, sayReason } from './waiting-words.ts';

/** Who runs and who waits, in order; of other people's requests only that they are there. */
export function QueueList({ queue }: { readonly queue: QueueView | null }): JSX.Element {
  const { t } = useTranslation();
  if (queue === null || queue.entries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('gpu.queue_empty')}
      </Text>
    );
  }
  return (
    <ol className={classes['list']} tabIndex={0} aria-label={t('gpu.queue')}>
      {queue.entries.map((entry, index) => (
        <Entry key={entry.message_id ?? `other-${index}`} entry={entry} />
      ))}
    </ol>
  );
}

function Entry({ entry }: { readonly entry: QueueView['entries'][number] }): JSX.Element {
  const { t, i18n } = useTranslation();
  const eta = sayEta({ p50Ms: entry.eta_p50_ms, p90Ms: entry.eta_p90_ms }, i18n.language, t);
  const kind = t(`gpu.kind.${entry.kind}`);
  return (
    <li className={classes['entry']} data-mine={entry.mine || undefined}>
      <span className={classes['place']}>{entry.running ? '▶' : (entry.position ?? '·')}</span>
      <div className={classes['what']}>
        <Text size="sm" fw={entry.mine ? 600 : 400}>
          {entry.chat_id === null ? (
            kind
          ) : (
            <Anchor component={Link} href={`/chats/${entry.chat_id}`} inherit>
              {kind}
            </Anchor>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {t(entry.mine ? 'gpu.mine' : 'gpu.others')}
          {entry.mine && !entry.running && ` · ${sayReason(entry.reason, t)}`}
        </Text>
      </div>
      <Text size="xs" c="dimmed" className={classes['eta'] ?? ''}>
        {entry.running ? t('gpu.running') : eta}
      </Text>
    </li>
  );
}
