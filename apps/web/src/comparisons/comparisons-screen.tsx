import type { Experiment, User } from '@baton/contracts';
import { Anchor, Badge, Button, Container, Group, Skeleton, Table, Text, Title } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { addWorkScreensWords } from '../i18n/work-screens-words.ts';
import { formatDuration } from '../ui/duration.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { showError } from '../ui/show-error.ts';
import { ComparisonForm } from './comparison-form.tsx';
import { useComparisons, useEndComparison } from './comparison-queries.ts';
import classes from './comparisons.module.css';

// Before the first word is drawn: this module is loaded when the screen is opened.
addWorkScreensWords();

/** For administrators: which of two models does better for the same people. */
export function ComparisonsScreen({ user }: { readonly user: User }): JSX.Element {
  return user.role === 'admin' ? <Comparisons /> : <AdminsOnly />;
}

function AdminsOnly(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Container py="xl" w="100%" size="sm">
      <Title order={1} size="h3" mb="xs">
        {t('work.comparison.title')}
      </Title>
      <Text mb="md">{t('work.comparison.admins_only')}</Text>
      <Anchor component={Link} href="/">
        {t('work.comparison.back')}
      </Anchor>
    </Container>
  );
}

function Comparisons(): JSX.Element {
  const { t } = useTranslation();
  const comparisons = useComparisons();
  return (
    <Page title={t('work.comparison.title')} hint={t('work.comparison.hint')}>
      <Panel title={t('work.comparison.new')}>
        <ComparisonForm />
      </Panel>
      {comparisons.isPending && <Skeleton h={120} aria-label={t('app.loading')} />}
      {comparisons.isError && (
        <ErrorNotice error={comparisons.error} onRetry={() => void comparisons.refetch()} />
      )}
      {comparisons.data?.experiments.length === 0 && <Text size="sm">{t('work.comparison.none')}</Text>}
      {comparisons.data?.experiments.map((experiment) => (
        <Comparison key={experiment.id} experiment={experiment} />
      ))}
    </Page>
  );
}

function Comparison({ experiment }: { readonly experiment: Experiment }): JSX.Element {
  const { t } = useTranslation();
  const end = useEndComparison();
  const { id, name, state, share, variant } = experiment;
  return (
    <Panel
      title={name}
      hint={t('work.comparison.share_of', { share, variant })}
      aside={
        <Group gap="xs">
          <Badge size="sm" variant="outline" color="gray" tt="none" className={classes['state'] ?? ''}>
            {t(`work.comparison.state.${state}`)}
          </Badge>
          {state === 'running' && (
            <Button
              size="xs"
              variant="default"
              loading={end.isPending}
              onClick={() => end.mutate(id, { onError: showError })}
            >
              {t('work.comparison.end', { name })}
            </Button>
          )}
        </Group>
      }
    >
      <Sides experiment={experiment} />
    </Panel>
  );
}

const COLUMNS = ['side', 'chats', 'answers', 'failed', 'up', 'down', 'tokens', 'time'] as const;

function Sides({ experiment: { name, sides } }: { readonly experiment: Experiment }): JSX.Element {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 0 });
  return (
    <div
      className={classes['sides']}
      tabIndex={0}
      role="region"
      aria-label={t('work.comparison.table', { name })}
    >
      <Table>
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((column) => (
              <Table.Th key={column}>{t(`work.comparison.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sides.map((side) => (
            <Table.Tr key={side.model}>
              <Table.Th scope="row">{side.model}</Table.Th>
              {[side.chats, side.answers, side.failed, side.up, side.down].map((count, index) => (
                <Table.Td key={index}>{number.format(count)}</Table.Td>
              ))}
              <Table.Td>{side.mean_tokens === null ? '–' : number.format(side.mean_tokens)}</Table.Td>
              <Table.Td>
                {side.mean_answer_ms === null ? '–' : formatDuration(side.mean_answer_ms, i18n.language)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
