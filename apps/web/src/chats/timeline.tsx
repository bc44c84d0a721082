import type { TimelineEntry, Usage } from '@baton/contracts';
import { Collapse, UnstyledButton } from '@mantine/core';
import { useDisclosure, useId } from '@mantine/hooks';
import { IconChevronRight } from '@tabler/icons-react';
import { useRef, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { saySwapEngines } from '../gpu/swap-words.ts';
import { formatDuration } from '../ui/duration.ts';
import { timelineSegments, timelineTotals, type SegmentKind } from './timeline-segments.ts';
import classes from './timeline.module.css';

interface TimelineProps {
  readonly entries: readonly TimelineEntry[];
  readonly usage: Usage | null;
  /** From the question to the end of the answer; null where that is not known. */
  readonly elapsedMs: number | null;
}

/** One line under an answer; unfolded, where its time went. */
export function Timeline({ entries, usage, elapsedMs }: TimelineProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const [isOpen, fold] = useDisclosure(false);
  const id = useId();
  const self = useRef<HTMLDivElement>(null);
  const { waitedMs, totalMs } = timelineTotals(entries, elapsedMs);
  const summary = [
    t('timeline.took', { time: formatDuration(totalMs, i18n.language) }),
    t('timeline.waited', { time: formatDuration(waitedMs, i18n.language) }),
    ...(usage === null ? [] : [t('timeline.tokens', { count: usage.completion_tokens })]),
  ].join(' · ');
  return (
    <div className={classes['timeline']} ref={self}>
      <UnstyledButton
        className={classes['summary'] ?? ''}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={fold.toggle}
      >
        <IconChevronRight size={14} aria-hidden className={classes['arrow']} />
        <span>{summary}</span>
      </UnstyledButton>
      <Collapse
        expanded={isOpen}
        id={id}
        onTransitionEnd={() => self.current?.scrollIntoView({ block: 'nearest' })}
      >
        {entries.map((entry, index) => (
          <Entry key={index} entry={entry} />
        ))}
      </Collapse>
    </div>
  );
}

function Entry({ entry }: { readonly entry: TimelineEntry }): JSX.Element {
  const { t, i18n } = useTranslation();
  const segments = timelineSegments(entry);
  const engines = entry.swap === null ? null : saySwapEngines(entry.swap, t);
  const say = (kind: SegmentKind): string =>
    kind === 'queued' || kind === 'first' || kind === 'work' ? t(`timeline.${kind}`) : t(`phase.${kind}`);
  return (
    <section className={classes['entry']} data-engine={entry.lane.engine}>
      <div className={classes['lane']}>
        {[ENGINE_NAMES[entry.lane.engine], entry.lane.model].filter(Boolean).join(' · ')}
        <span className={classes['total']}>{formatDuration(entry.total_ms, i18n.language)}</span>
      </div>
      <div className={classes['bar']} aria-hidden>
        {segments.map(({ kind, ms }, index) => (
          <span key={index} className={classes['part']} data-kind={kind} style={{ flexGrow: ms }} />
        ))}
      </div>
      <ul className={classes['legend']}>
        {segments.map(({ kind, ms }, index) => (
          <li key={index} data-kind={kind}>
            {say(kind)} <b>{formatDuration(ms, i18n.language)}</b>
          </li>
        ))}
      </ul>
      {engines !== null && <div className={classes['engines']}>{engines}</div>}
    </section>
  );
}
