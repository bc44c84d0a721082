import { isFinalState, type Chat, type Message } from '@baton/contracts';
import { Container, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { RequestFailed } from '../api/request-failed.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { showError } from '../ui/show-error.ts';
import { ChatActions } from './chat-actions.tsx';
import { useChat, useModels, useRegenerate, useStop } from './chat-queries.ts';
import classes from './chat-view.module.css';
import { Composer } from './composer.tsx';
import { EMPTY_DRAFT, type Draft } from './draft.ts';
import { Messages } from './messages.tsx';
import { useSendRequest, type NewRequest } from './new-request.ts';

export function ChatView({ chatId }: { readonly chatId: number }): JSX.Element {
  const { t } = useTranslation();
  const open = useChat(chatId);
  if (open.isPending) {
    return (
      <Stack className={classes['loading'] ?? ''} aria-busy aria-label={t('app.loading')}>
        <Skeleton h={22} w="45%" />
        <Skeleton h={52} w="60%" ml="auto" radius="lg" />
        <Skeleton h={14} w="90%" />
        <Skeleton h={14} w="80%" />
        <Skeleton h={14} w="55%" />
      </Stack>
    );
  }
  if (open.data === undefined) {
    const isGone = open.error instanceof RequestFailed && open.error.status === 404;
    return (
      <Container py="xl" w="100%">
        <ErrorNotice error={open.error} onRetry={isGone ? undefined : () => void open.refetch()} />
      </Container>
    );
  }
  return <Conversation chat={open.data.chat} messages={open.data.messages} />;
}

interface ConversationProps {
  readonly chat: Chat;
  readonly messages: readonly Message[];
}

function Conversation({ chat, messages }: ConversationProps): JSX.Element {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [chosen, setChosen] = useState<string | null>(null);
  const models = useModels();
  const model = chosen ?? chat.model ?? models.data?.default_model ?? null;
  const send = useSendRequest();
  const stop = useStop();
  const again = useAskAgain(messages, draft);
  const running = messages.findLast((one) => one.role === 'assistant' && !isFinalState(one.state));

  const onSend = (request: NewRequest): void =>
    send.mutate(
      { chatId: chat.id, request },
      // What was typed stays until the gateway has it.
      { onSuccess: () => setDraft((current) => ({ ...current, text: '' })) },
    );

  return (
    <>
      <Group className={classes['title'] ?? ''} wrap="nowrap" justify="space-between">
        <Title order={1} className={classes['name'] ?? ''}>
          {chat.title}
        </Title>
        <ChatActions chat={chat} isOpen />
      </Group>
      <Messages messages={messages} onAgain={again.ask} isAgainPending={again.isPending} />
      <Composer
        draft={draft}
        onDraft={setDraft}
        model={model}
        onModel={setChosen}
        onSend={onSend}
        isSending={send.isPending}
        error={send.error}
        onStop={running === undefined ? null : () => stop.mutate(running, { onError: showError })}
        isStopping={
          running !== undefined && !stop.isIdle && !stop.isError && stop.variables.id === running.id
        }
      />
    </>
  );
}

/** Asks for the last answer again: words anew in their place, a picture as a new request with the same description. */
function useAskAgain(messages: readonly Message[], draft: Draft) {
  const regenerate = useRegenerate();
  const send = useSendRequest();
  const ask = (message: Message): void => {
    if (message.kind === 'text') {
      regenerate.mutate(message, { onError: showError });
      return;
    }
    const question = messages[messages.findIndex(({ id }) => id === message.id) - 1];
    if (question === undefined) return;
    const request: NewRequest = {
      kind: 'image',
      content: question.content,
      model: null,
      settings: draft.image,
    };
    send.mutate({ chatId: message.chat_id, request }, { onError: showError });
  };
  return { ask, isPending: regenerate.isPending || send.isPending };
}
