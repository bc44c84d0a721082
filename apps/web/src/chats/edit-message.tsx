import { CHAT_LIMITS, type Message } from '@baton/contracts';
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useConversation } from './conversation-context.ts';
import { useEditMessage, useResend } from './message-queries.ts';

interface EditMessageProps {
  readonly message: Message;
  readonly onClose: () => void;
}

/** Other words for a message: in its place, or (a question) as a question of its own in another branch. */
export function EditMessage({ message, onClose }: EditMessageProps): JSX.Element {
  const { t } = useTranslation();
  const [text, setText] = useState(message.content);
  const { isBusy, chat } = useConversation();
  const edit = useEditMessage();
  const resend = useResend();
  const content = text.trim();
  const over = content.length - CHAT_LIMITS.messageChars;
  const isUnfit = content === '' || over > 0;
  const canResend = message.role === 'user' && message.kind === 'text' && chat.kind === 'chat';
  const isPending = edit.isPending || resend.isPending;
  const error = edit.error ?? resend.error;
  return (
    <Stack gap="xs" w="100%">
      <Textarea
        autosize
        minRows={2}
        maxRows={16}
        data-autofocus
        ref={focusAtEnd}
        aria-label={t('chat.edit_label')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose();
        }}
        error={over > 0 ? t('composer.too_long', { over }) : null}
      />
      {error !== null && <ErrorNotice error={error} />}
      {canResend && (
        <Text size="xs" c="dimmed">
          {t('chat.save_and_send_hint')}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button size="xs" variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          size="xs"
          variant={canResend ? 'default' : 'filled'}
          loading={edit.isPending}
          disabled={isUnfit || isPending}
          onClick={() => edit.mutate({ message, content }, { onSuccess: onClose })}
        >
          {t('app.save')}
        </Button>
        {canResend && (
          <Button
            size="xs"
            loading={resend.isPending}
            disabled={isUnfit || isPending || isBusy}
            onClick={() => resend.mutate({ message, content }, { onSuccess: onClose })}
          >
            {t('chat.save_and_send')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
