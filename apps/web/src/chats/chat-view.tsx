import { isFinalState, type Chat, type Message } from '@baton/contracts';
import { Container, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal } from '@tabler/icons-react';
import { useState, type Dispatch, type JSX, type SetStateAction } from 'react';
import { useTranslation } from 'react-i18next';
import { RequestFailed } from '../api/request-failed.ts';
import type { Composed } from '../images/composing.ts';
import type { ImageWish } from '../images/image-wish.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { showError } from '../ui/show-error.ts';
import { ChatActions } from './chat-actions.tsx';
import { useChat, useModels, useUpdateChat } from './chat-queries.ts';
import { isDefault, settingsOf } from './chat-settings.ts';
import { ChatSettingsDialog } from './chat-settings-dialog.tsx';
import classes from './chat-view.module.css';
import { Composer } from './composer.tsx';
import { DialogueBar } from '../dialogues/dialogue-bar.tsx';
import { composedDraft, sentDraft, type Draft } from './draft.ts';
import { useStop, useStopAll } from './message-queries.ts';
import { Messages } from './messages.tsx';
import { useSendRequest, type NewRequest } from './new-request.ts';
import { messagesOf } from './open-chat.ts';
import { ToolButton } from './tool-button.tsx';
import { useHandedDraft } from './use-handed-draft.ts';

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
  const [newest] = open.data.pages;
  if (newest === undefined) throw new Error('An open chat has a page.');
  return (
    <Conversation
      chat={newest.chat}
      messages={messagesOf(open.data)}
      onOlder={open.hasNextPage ? () => void open.fetchNextPage() : null}
      isReadingOlder={open.isFetchingNextPage}
    />
  );
}

interface ConversationProps {
  readonly chat: Chat;
  readonly messages: readonly Message[];
  readonly onOlder: (() => void) | null;
  readonly isReadingOlder: boolean;
}

function Conversation({ chat, messages, onOlder, isReadingOlder }: ConversationProps): JSX.Element {
  const [draft, setDraft] = useHandedDraft(messages.at(-1)?.kind);
  /** A picture that is taken into the composer brings a new one, with its settings open and the keyboard in it. */
  const [composition, setComposition] = useState(0);
  /** What each picture was asked for with, for asking again when it has failed. */
  const [asked, setAsked] = useState<ReadonlyMap<number, ImageWish>>(new Map());
  const send = useSendRequest();
  const running = messages.filter((one) => one.role === 'assistant' && !isFinalState(one.state));

  const onSend = (request: NewRequest): void =>
    // What was typed stays until the gateway has it.
    send.mutate(
      { chatId: chat.id, request },
      {
        onSuccess: ({ reply }) => {
          setDraft(sentDraft);
          if (request.kind === 'image') setAsked((known) => new Map(known).set(reply.id, request.wish));
        },
      },
    );
  const say = (content: string): void =>
    send.mutate(
      { chatId: chat.id, request: { kind: 'text', content, body: { content } } },
      { onError: showError },
    );
  const drawAgain = (message: Message): void => {
    const question = messages.find(({ id }) => id === message.parent_id);
    if (question === undefined) return;
    const wish = asked.get(message.id) ?? draft.image;
    const request: NewRequest = { kind: 'image', content: question.content, wish };
    send.mutate(
      { chatId: chat.id, request },
      {
        onError: showError,
        onSuccess: ({ reply }) => setAsked((known) => new Map(known).set(reply.id, wish)),
      },
    );
  };
  const compose = (composed: Composed): void => {
    setDraft((current) => composedDraft(current, composed));
    setComposition((count) => count + 1);
  };

  return (
    <>
      <ChatHead chat={chat} />
      <Messages
        chat={chat}
        messages={messages}
        isBusy={running.length > 0 || send.isPending}
        say={say}
        drawAgain={drawAgain}
        compose={compose}
        onOlder={onOlder}
        isReadingOlder={isReadingOlder}
      />
      {chat.kind === 'models' ? (
        <DialogueBar chatId={chat.id} />
      ) : (
        <ChatComposer
          composition={composition}
          chat={chat}
          draft={draft}
          onDraft={setDraft}
          onSend={onSend}
          send={send}
          running={running}
        />
      )}
    </>
  );
}

interface ChatComposerProps {
  readonly composition: number;
  readonly chat: Chat;
  readonly draft: Draft;
  readonly onDraft: Dispatch<SetStateAction<Draft>>;
  readonly onSend: (request: NewRequest) => void;
  readonly send: ReturnType<typeof useSendRequest>;
  readonly running: readonly Message[];
}

function ChatComposer({
  composition,
  chat,
  draft,
  onDraft,
  onSend,
  send,
  running,
}: ChatComposerProps): JSX.Element {
  const [chosen, setChosen] = useState<string | null>(null);
  const models = useModels();
  const stop = useStopRunning(chat.id, running);
  return (
    <Composer
      key={composition}
      draft={draft}
      onDraft={onDraft}
      model={chosen ?? chat.model ?? models.data?.default_model ?? null}
      onModel={setChosen}
      onSend={onSend}
      isSending={send.isPending}
      error={send.error}
      onStop={running.length === 0 ? null : stop.stop}
      isStopping={stop.isStopping}
    />
  );
}

/** Stops what runs in a chat: the one answer, or all of them where there are several. */
function useStopRunning(chatId: number, running: readonly Message[]) {
  const one = useStop();
  const all = useStopAll();
  const [asked, setAsked] = useState<ReadonlySet<number>>(new Set());
  const stop = (): void => {
    const [first, ...more] = running;
    if (first === undefined) return;
    setAsked(new Set(running.map(({ id }) => id)));
    const onError = (error: unknown): void => {
      setAsked(new Set());
      showError(error);
    };
    if (more.length === 0) one.mutate(first, { onError });
    else all.mutate(chatId, { onError });
  };
  return { stop, isStopping: running.length > 0 && running.every(({ id }) => asked.has(id)) };
}

function ChatHead({ chat }: { readonly chat: Chat }): JSX.Element {
  const { t } = useTranslation();
  const [isOpen, open] = useDisclosure(false);
  const update = useUpdateChat();
  return (
    <Group className={classes['title'] ?? ''} wrap="nowrap" justify="space-between">
      <Title order={1} className={classes['name'] ?? ''}>
        {chat.title === '' ? t('chats.new') : chat.title}
      </Title>
      <Group gap={4} wrap="nowrap">
        {chat.kind === 'chat' && (
          <ToolButton
            label={t('chat.settings')}
            icon={<IconAdjustmentsHorizontal size={17} aria-hidden />}
            onClick={open.open}
            {...(isDefault(settingsOf(chat)) ? {} : { isOn: true })}
          />
        )}
        <ChatActions chat={chat} isOpen />
      </Group>
      <ChatSettingsDialog
        opened={isOpen}
        onClose={() => {
          update.reset();
          open.close();
        }}
        settings={settingsOf(chat)}
        onSave={(changes) => update.mutate({ chatId: chat.id, changes }, { onSuccess: open.close })}
        isSaving={update.isPending}
        error={update.error}
      />
    </Group>
  );
}
