import { isFinalState, type Message } from '@baton/contracts';
import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { IconMessage2, IconPhoto, IconRefresh } from '@tabler/icons-react';
import { useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ImageResults } from '../images/image-results.tsx';
import { RenderProgress } from '../images/render-progress.tsx';
import { useAnnounce } from '../ui/announcer.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Markdown } from '../ui/markdown.tsx';
import { EndNotice } from './end-notice.tsx';
import classes from './messages.module.css';
import { sayState } from './reply-words.ts';
import { useReplyView } from './replies-context.ts';
import { shownReply, type ShownReply } from './shown-reply.ts';
import { Timeline } from './timeline.tsx';
import { WaitingCard } from './waiting-card.tsx';

interface AssistantMessageProps {
  readonly message: Message;
  /** Asks for this answer again; null where that is not possible. */
  readonly onAgain: (() => void) | null;
  readonly isAgainPending: boolean;
  /** Runs after each change of what is shown, for a list that keeps its end in sight. */
  readonly onGrow: () => void;
}

export function AssistantMessage({
  message,
  onAgain,
  isAgainPending,
  onGrow,
}: AssistantMessageProps): JSX.Element {
  const { t } = useTranslation();
  const view = useReplyView(message);
  const shown = shownReply(message, view);
  const isFinal = isFinalState(shown.state);
  const isImage = message.kind === 'image';

  const announce = useAnnounce();
  const said = view === null ? null : sayState(shown, message.kind, t);
  useEffect(() => {
    if (said !== null) announce(said);
  }, [said, announce]);
  useEffect(onGrow);

  const Icon = isImage ? IconPhoto : IconMessage2;
  return (
    <article
      className={classes['assistant']}
      data-engine={isImage ? 'comfyui' : 'ollama'}
      aria-busy={!isFinal}
      aria-label={message.model ?? (isImage ? 'ComfyUI' : 'Ollama')}
    >
      <Group gap={7} className={classes['by'] ?? ''}>
        <Icon size={15} aria-hidden />
        <Text size="xs" fw={600}>
          {message.model ?? (isImage ? 'ComfyUI' : 'Ollama')}
        </Text>
      </Group>
      {!isFinal && shown.state !== 'streaming' && (
        <WaitingCard shown={shown} kind={message.kind} createdAt={message.created_at} />
      )}
      {isImage && !isFinal && shown.images.length === 0 && (
        <RenderProgress messageId={message.id} shown={shown} />
      )}
      {shown.text !== '' && <Markdown text={shown.text} />}
      {shown.state === 'streaming' && <span className={classes['caret']} aria-hidden />}
      {shown.images.length > 0 && <ImageResults messageId={message.id} images={shown.images} />}
      {isFinal && shown.state !== 'done' && (
        <EndNotice shown={shown} onAgain={onAgain} isAgainPending={isAgainPending} />
      )}
      {isFinal && <Foot shown={shown} onAgain={isImage ? null : onAgain} isAgainPending={isAgainPending} />}
    </article>
  );
}

type FootProps = Pick<AssistantMessageProps, 'onAgain' | 'isAgainPending'> & { readonly shown: ShownReply };

/** What can be done with a finished answer, and where its time went. */
function Foot({ shown, onAgain, isAgainPending }: FootProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Group gap={2} className={classes['foot'] ?? ''}>
      {shown.text !== '' && <CopyButton text={shown.text} />}
      {shown.state === 'done' && onAgain !== null && (
        <Tooltip label={t('reply.answer_anew')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="md"
            aria-label={t('reply.answer_anew')}
            loading={isAgainPending}
            onClick={onAgain}
          >
            <IconRefresh size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      {shown.timeline.length > 0 && <Timeline entries={shown.timeline} usage={shown.usage} />}
    </Group>
  );
}
