import type { LeaseHistory } from '@baton/contracts';
import { Table, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sayBareCode } from '../i18n/i18n.ts';
import { formatDuration } from '../ui/duration.ts';
import classes from './lease-table.module.css';
import { leaseTimes, sayGrant } from './visit-facts.ts';

interface LeaseTableProps {
  readonly leases: readonly LeaseHistory[];
  readonly nowMs: number;
  readonly userId: number;
}

const COLUMNS = ['request', 'waited', 'held', 'reason', 'outcome'] as const;

/** The requests of one visit: how long each waited and held the GPU, why it was its turn, how it ended. */
export function LeaseTable({ leases, nowMs, userId }: LeaseTableProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const time = (ms: number): string => formatDuration(ms, i18n.language);
  return (
    <Table className={classes['table'] ?? ''} verticalSpacing={4} horizontalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          {COLUMNS.map((column) => (
            <Table.Th key={column}>{t(`gpu_screen.${column}`)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {leases.map((lease) => {
          const { waitedMs, heldMs } = leaseTimes(lease, nowMs);
          return (
            <Table.Tr key={lease.lease_id}>
              <Table.Td>
                {t(`gpu.kind.${lease.kind}`)}
                <span className={classes['person']}>
                  {lease.user_id === userId
                    ? t('gpu_screen.you')
                    : t('gpu_screen.person', { id: lease.user_id })}
                </span>
              </Table.Td>
              <Table.Td data-label={t('gpu_screen.waited')}>{time(waitedMs)}</Table.Td>
              <Table.Td data-label={t('gpu_screen.held')}>{time(heldMs)}</Table.Td>
              <Table.Td data-label={t('gpu_screen.reason')}>{sayGrant(lease.reason, t)}</Table.Td>
              <Table.Td data-label={t('gpu_screen.outcome')} data-outcome={lease.outcome ?? 'held'}>
                {lease.outcome === null ? t('gpu.running') : t(`gpu_screen.ended.${lease.outcome}`)}
                {lease.code !== null && (
                  <Text span size="xs" display="block" c="dimmed">
                    {sayBareCode(lease.code)}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
