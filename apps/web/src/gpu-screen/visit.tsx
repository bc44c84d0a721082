import type { VisitRecord } from '@baton/contracts';
import { Badge, Collapse, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure, useId } from '@mantine/hooks';
import { IconCheck, IconChevronRight, IconHandStop, IconHourglass, IconX } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { SwapBar, SwapPhases } from '../gpu/swap-bar.tsx';
import { saySwapEngines } from '../gpu/swap-words.ts';
import { sayBareCode } from '../i18n/i18n.ts';
import { formatDuration } from '../ui/duration.ts';
import { LeaseTable } from './lease-table.tsx';
import { formatMoment } from './moments.ts';
import classes from './visit.module.css';
import { countOutcomes, sayCause, sayMemory } from './visit-facts.ts';

interface VisitProps {
  readonly visit: VisitRecord;
  readonly nowMs: number;
  readonly userId: number;
}

/** One visit in a line; unfolded, its hand-over step by step and the requests that were served. */
export function Visit({ visit, nowMs, userId }: VisitProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const [isOpen, fold] = useDisclosure(false);
  const id = useId();
  const { swap } = visit;
  const memory = sayMemory(swap, i18n.language, t);
  const engines = swap === null ? null : saySwapEngines(swap, t);
  return (
    <li className={classes['visit']} data-engine={visit.lane?.engine}>
      <UnstyledButton
        className={classes['line'] ?? ''}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={fold.toggle}
      >
        <IconChevronRight size={16} aria-hidden className={classes['arrow']} />
        <When visit={visit} nowMs={nowMs} />
        <Who visit={visit} />
        <span className={classes['why']}>{sayCause(visit, t)}</span>
        <span className={classes['swap']}>
          {swap === null ? (
            <span className={classes['dimmed']}>{t('gpu_screen.no_swap')}</span>
          ) : (
            <>
              <SwapBar swap={swap} />
              <span className={classes['numbers']}>{formatDuration(swap.total_ms, i18n.language)}</span>
            </>
          )}
        </span>
        <span className={classes['memory']} title={t('gpu_screen.memory_hint')}>
          {memory}
        </span>
        <Outcomes visit={visit} />
      </UnstyledButton>
      {engines !== null && <Text className={classes['engines'] ?? ''}>{engines}</Text>}
      <Collapse expanded={isOpen} id={id}>
        <div className={classes['details']}>
          {visit.failed !== null && (
            <Text size="sm" c="var(--mantine-color-error)">
              {sayBareCode(visit.failed)}
            </Text>
          )}
          {swap !== null && <SwapPhases swap={swap} />}
          {visit.leases.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t('gpu_screen.no_leases')}
            </Text>
          ) : (
            <LeaseTable leases={visit.leases} nowMs={nowMs} userId={userId} />
          )}
        </div>
      </Collapse>
    </li>
  );
}

function When({ visit, nowMs }: Pick<VisitProps, 'visit' | 'nowMs'>): JSX.Element {
  const { t, i18n } = useTranslation();
  const { opened_at_ms: openedAtMs, closed_at_ms: closedAtMs } = visit;
  const ms = Math.max(0, (closedAtMs ?? nowMs) - openedAtMs);
  // A clock that runs shows whole seconds.
  const time = formatDuration(closedAtMs === null ? Math.floor(ms / 1_000) * 1_000 : ms, i18n.language);
  return (
    <span className={classes['when']}>
      <time dateTime={new Date(openedAtMs).toISOString()}>
        {formatMoment(openedAtMs, nowMs, i18n.language)}
      </time>
      <span className={classes['dimmed']}>
        {closedAtMs === null ? `${t('gpu_screen.under_way')}, ${time}` : t('gpu_screen.lasted', { time })}
      </span>
    </span>
  );
}

function Who({ visit }: Pick<VisitProps, 'visit'>): JSX.Element {
  const { t } = useTranslation();
  return (
    <span className={classes['who']}>
      <b>{visit.lane === null ? t('gpu_screen.no_lane') : ENGINE_NAMES[visit.lane.engine]}</b>
      {visit.lane?.model != null && <span className={classes['dimmed']}>{visit.lane.model}</span>}
      {visit.failed !== null && (
        <Badge size="xs" color="red" variant="light" tt="none">
          {t('gpu_screen.failed')}
        </Badge>
      )}
    </span>
  );
}

const SIGNS = { completed: IconCheck, failed: IconX, cancelled: IconHandStop, held: IconHourglass } as const;

function Outcomes({ visit }: Pick<VisitProps, 'visit'>): JSX.Element {
  const { t } = useTranslation();
  const counts = countOutcomes(visit.leases);
  const word = (outcome: keyof typeof SIGNS): string =>
    outcome === 'held' ? t('gpu.running') : t(`gpu_screen.ended.${outcome}`);
  const told = (['completed', 'failed', 'cancelled', 'held'] as const).filter((one) => counts[one] > 0);
  return (
    <span className={classes['outcomes']}>
      {told.length === 0 && <span aria-label={t('gpu_screen.no_leases')}>–</span>}
      {told.map((outcome) => {
        const Sign = SIGNS[outcome];
        return (
          <span key={outcome} data-outcome={outcome} title={word(outcome)}>
            <Sign size={14} aria-label={word(outcome)} role="img" />
            {counts[outcome]}
          </span>
        );
      })}
    </span>
  );
}
