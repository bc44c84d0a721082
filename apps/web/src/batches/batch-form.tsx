import { CHAT_LIMITS, WORK_LIMITS } from '@baton/contracts';
import { Button, FileButton, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { useMemo, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { answeringModels } from '../chats/answering-models.ts';
import { useModels } from '../chats/chat-queries.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { readBatchLines, type ReadBatch } from './batch-lines.ts';
import { useCreateBatch } from './batch-queries.ts';

/** More of them say nothing more. */
const SHOWN_FAULTS = 5;

export function BatchForm(): JSX.Element {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [title, setTitle] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const models = useModels();
  const create = useCreateBatch();
  const read = useMemo(() => readBatchLines(text), [text]);
  const model = chosen ?? models.data?.default_model ?? null;
  const canStart =
    read.requests.length > 0 && read.requests.length <= WORK_LIMITS.batchItems && read.faults.length === 0;
  const start = (): void =>
    create.mutate(
      {
        requests: [...read.requests],
        ...(model === null ? {} : { model }),
        ...(title.trim() === '' ? {} : { title: title.trim() }),
      },
      {
        onSuccess: () => {
          setText('');
          setTitle('');
        },
      },
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (canStart) start();
      }}
    >
      <Stack gap="sm">
        <Textarea
          label={t('work.batch.lines')}
          description={t('work.batch.lines_hint')}
          autosize
          minRows={5}
          maxRows={14}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group gap="sm">
          <FileButton
            accept=".txt,.jsonl,text/plain,application/jsonl"
            onChange={(file) => void file?.text().then(setText)}
          >
            {(button) => (
              <Button
                {...button}
                size="xs"
                variant="default"
                leftSection={<IconFileText size={15} aria-hidden />}
              >
                {t('work.batch.file')}
              </Button>
            )}
          </FileButton>
          <Count read={read} />
        </Group>
        <Group gap="sm" grow>
          <TextInput
            label={t('work.batch.name')}
            maxLength={CHAT_LIMITS.titleChars}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Select
            label={t('work.batch.model')}
            allowDeselect={false}
            value={model}
            onChange={setChosen}
            data={[...answeringModels(models.data?.models ?? [])]}
          />
        </Group>
        {create.isError && <ErrorNotice error={create.error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={!canStart} loading={create.isPending}>
            {t('work.batch.start')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** How many questions were read, and which lines are none. */
function Count({ read: { requests, faults } }: { readonly read: ReadBatch }): JSX.Element {
  const { t } = useTranslation();
  return (
    <div role="status">
      {requests.length > 0 && <Text size="sm">{t('work.batch.count', { count: requests.length })}</Text>}
      {requests.length > WORK_LIMITS.batchItems && (
        <Text size="sm" c="var(--mantine-color-error)">
          {t('work.batch.too_many_lines', { most: WORK_LIMITS.batchItems })}
        </Text>
      )}
      {faults.slice(0, SHOWN_FAULTS).map(({ line, why }) => (
        <Text key={line} size="sm" c="var(--mantine-color-error)">
          {t('work.batch.bad_line', { line, why: t(`work.batch.why.${why}`) })}
        </Text>
      ))}
    </div>
  );
}
