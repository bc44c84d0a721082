import { isFinalState, type Message } from '@baton/contracts';
import { Badge, Group, Text, Tooltip } from '@mantine/core';
import { IconMessage2, IconPhoto } from '@tabler/icons-react';
import { useEffect, useMemo, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ImageResults } from '../images/image-results.tsx';
import { RenderProgress } from '../images/render-progress.tsx';
import { useAnnounce } from '../ui/announcer.tsx';
import { Markdown } from '../ui/markdown.tsx';
import { showError } from '../ui/show-error.ts';
import { CutNotice, NoticesBefore } from './answer-notices.tsx';
import { AnswerTools } from './answer-tools.tsx';
import { linkCitations } from './citations.ts';
import { useConversation } from './conversation-context.ts';
import { EditMessage } from './edit-message.tsx';
import { EndNotice } from './end-notice.tsx';
import { useRegenerate } from './message-queries.ts';
import classes from './messages.module.css';
import { sayState } from './reply-words.ts';
import { useReplyView } from './replies-context.ts';
import { shownReply, sourcesOf, type ShownReply } from './shown-reply.ts';
import { sourceId } from './source-id.ts';
import { Sources } from './sources.tsx';
import { Thinking } from './thinking.tsx';
import { WaitingCard } from './waiting-card.tsx';

interface AssistantMessageProps {
  readonly message: Message;
  readonly isLast: boolean;
}

export function AssistantMessage({ message, isLast }: AssistantMessageProps): JSX.Element {
  const { t } = useTranslation();
  const { chat, onGrow, drawAgain, compose, isBusy } = useConversation();
  const [isEditing, setEditing] = useState(false);
  const view = useReplyView(message);
  const shown = shownReply(message, view);
  const isFinal = isFinalState(shown.state);
  const isImage = message.kind === 'image';
  const again = useRegenerate();

  const announce = useAnnounce();
  const said = view === null ? null : sayState(shown, message.kind, t);
  useEffect(() => {
    if (said !== null) announce(said);
  }, [said, announce]);
  useEffect(onGrow);

  const canAsk = chat.kind === 'chat' && isFinal && !isBusy;
  const onAgain = (): void => {
    if (isImage) drawAgain(message);
    else again.mutate({ message, wish: {} }, { onError: showError });
  };

  return (
    <article
      className={classes['assistant']}
      data-engine={isImage ? 'comfyui' : 'ollama'}
      data-speaker={speakerColour(message)}
      aria-busy={!isFinal}
      aria-label={nameOf(message, shown)}
    >
      <By message={message} shown={shown} />
      <NoticesBefore shown={shown} />
      {!isFinal && shown.state !== 'streaming' && <WaitingCard shown={shown} message={message} />}
      {shown.thinking !== '' && <Thinking shown={shown} />}
      {isEditing ? (
        <EditMessage message={message} onClose={() => setEditing(false)} />
      ) : (
        <Words message={message} shown={shown} />
      )}
      {shown.images.length > 0 && (
        <ImageResults
          messageId={message.id}
          chatId={chat.id}
          images={shown.images}
          onCompose={compose}
          isBusy={isBusy}
        />
      )}
      {isImage && !isFinal && <RenderProgress messageId={message.id} shown={shown} />}
      {shown.search !== null && <Sources messageId={message.id} search={shown.search} />}
      {shown.state === 'done' && shown.details.stop_reason === 'length' && <CutNotice isLast={isLast} />}
      {isFinal && shown.state !== 'done' && (
        <EndNotice
          shown={shown}
          onAgain={canAsk && isLast ? onAgain : null}
          isAgainPending={again.isPending}
        />
      )}
      {isFinal && !isEditing && (
        <AnswerTools
          message={message}
          shown={shown}
          onAgain={
            canAsk && !isImage ? (wish) => again.mutate({ message, wish }, { onError: showError }) : null
          }
          isAgainPending={again.isPending}
          onEdit={isImage ? null : () => setEditing(true)}
        />
      )}
    </article>
  );
}

/** What was written, while it is written too. */
function Words({ message, shown }: { readonly message: Message; readonly shown: ShownReply }): JSX.Element {
  const sources = sourcesOf(shown);
  const text = useMemo(
    () => linkCitations(shown.text, new Set(sources.map(({ n }) => n)), (n) => `#${sourceId(message.id, n)}`),
    [shown.text, sources, message.id],
  );
  return (
    <>
      {text !== '' && <Markdown text={text} />}
      {shown.state === 'streaming' && <span className={classes['caret']} aria-hidden />}
    </>
  );
}

function By({ message, shown }: { readonly message: Message; readonly shown: ShownReply }): JSX.Element {
  const { t } = useTranslation();
  const Icon = message.kind === 'image' ? IconPhoto : IconMessage2;
  const { engine } = shown.details;
  return (
    <Group gap={7} className={classes['by'] ?? ''}>
      <Icon size={15} aria-hidden />
      <Text size="xs" fw={600}>
        {nameOf(message, shown)}
      </Text>
      {engine === 'local' && <Mark text={t('chat.on_cpu')} hint={t('chat.on_cpu_hint')} />}
      {engine === 'cache' && <Mark text={t('chat.from_cache')} hint={t('chat.from_cache_hint')} />}
      {message.edited_at !== null && (
        <Text size="xs" c="dimmed">
          {t('chat.edited')}
        </Text>
      )}
    </Group>
  );
}

/** A word about an answer with a sentence behind it, for a mouse and for a keyboard. */
function Mark({ text, hint }: { readonly text: string; readonly hint: string }): JSX.Element {
  return (
    <Tooltip label={hint} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Badge
        size="sm"
        variant="outline"
        color="gray"
        tt="none"
        tabIndex={0}
        className={classes['mark'] ?? ''}
      >
        {text}
      </Badge>
    </Tooltip>
  );
}

function nameOf(message: Message, shown: ShownReply): string {
  const speaker = (shown.details.speaker ?? message.details?.speaker)?.model;
  return (
    speaker ?? shown.routing?.answered ?? message.model ?? (message.kind === 'image' ? 'ComfyUI' : 'Ollama')
  );
}

/** In a chat between models each of them keeps its colour. */
function speakerColour(message: Message): number | undefined {
  return message.details?.speaker?.index;
}
