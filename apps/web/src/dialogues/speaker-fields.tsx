import { CHAT_LIMITS } from '@baton/contracts';
import { ActionIcon, Group, Select, Stack, Textarea } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { answeringModels } from '../chats/answering-models.ts';
import { useModels } from '../chats/chat-queries.ts';
import type { Speaker } from './dialogue-plan.ts';

interface SpeakerFieldsProps {
  readonly speaker: Speaker;
  readonly number: number;
  readonly onChange: (part: Partial<Pick<Speaker, 'model' | 'prompt'>>) => void;
  /** Null where there must be this many. */
  readonly onRemove: (() => void) | null;
}

export function SpeakerFields({ speaker, number, onChange, onRemove }: SpeakerFieldsProps): JSX.Element {
  const { t } = useTranslation();
  const models = useModels();
  return (
    <Stack gap={6}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <Select
          label={t('work.dialogue.participant', { number })}
          flex={1}
          allowDeselect={false}
          value={speaker.model}
          onChange={(model) => onChange({ model })}
          data={[...answeringModels(models.data?.models ?? [])]}
        />
        {onRemove !== null && (
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t('work.dialogue.remove', { number })}
            onClick={onRemove}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        )}
      </Group>
      <Textarea
        aria-label={t('work.dialogue.system_prompt', { number })}
        placeholder={t('work.dialogue.system_prompt', { number })}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={CHAT_LIMITS.systemPromptChars}
        value={speaker.prompt}
        onChange={(event) => onChange({ prompt: event.currentTarget.value })}
      />
    </Stack>
  );
}
