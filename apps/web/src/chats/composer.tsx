import { CHAT_LIMITS, IMAGE_LIMITS } from '@baton/contracts';
import { Button, Group, SegmentedControl, Text, Textarea } from '@mantine/core';
import { IconArrowUp, IconMessage2, IconPhoto, IconPlayerStopFilled } from '@tabler/icons-react';
import { useEffect, useRef, type JSX, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ImageSettingsFields } from '../images/image-settings.tsx';
import { ErrorNotice } from '../ui/error-notice.tsx';
import classes from './composer.module.css';
import type { Draft } from './draft.ts';
import { ModelChoice } from './model-choice.tsx';
import type { NewRequest } from './new-request.ts';

interface ComposerProps {
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly model: string | null;
  readonly onModel: (model: string) => void;
  readonly onSend: (request: NewRequest) => void;
  readonly isSending: boolean;
  readonly error: unknown;
  /** Set while an answer runs: nothing can be sent, and this stops it. */
  readonly onStop: (() => void) | null;
  readonly isStopping: boolean;
}

export function Composer(props: ComposerProps): JSX.Element {
  const { t } = useTranslation();
  const { draft, onDraft, model, onSend, onStop, isSending } = props;
  const field = useFocusOnce();
  const isImage = draft.mode === 'image';
  const content = draft.text.trim();
  const limit = isImage ? IMAGE_LIMITS.descriptionChars : CHAT_LIMITS.messageChars;
  const over = content.length - limit;
  const canSend = content !== '' && over <= 0 && !isSending && onStop === null && (isImage || model !== null);

  const send = (): void => {
    if (!canSend) return;
    onSend(
      isImage ? { kind: 'image', content, model, settings: draft.image } : { kind: 'text', content, model },
    );
  };

  return (
    <form
      className={classes['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {props.error !== null && <ErrorNotice error={props.error} />}
      <div className={classes['box']} data-mode={draft.mode}>
        <Textarea
          ref={field}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={10}
          aria-label={t('composer.label')}
          placeholder={t(isImage ? 'composer.placeholder_image' : 'composer.placeholder_text')}
          value={draft.text}
          onChange={(event) => onDraft({ ...draft, text: event.currentTarget.value })}
          onKeyDown={onEnter(send)}
          error={over > 0 ? t('composer.too_long', { over }) : null}
        />
        <Group gap="xs" className={classes['tools'] ?? ''}>
          <Choices draft={draft} onDraft={onDraft} model={model} onModel={props.onModel} />
          <Action
            isImage={isImage}
            canSend={canSend}
            isSending={isSending}
            onStop={onStop}
            isStopping={props.isStopping}
          />
        </Group>
      </div>
      <Text size="xs" c="dimmed" ta="center" visibleFrom="sm">
        {t('composer.hint')}
      </Text>
    </form>
  );
}

/** Enter sends, with Shift it begins a new line; while a word is being composed (Chinese, Japanese…) it does neither. */
function onEnter(send: () => void) {
  return (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
}

type ChoicesProps = Pick<ComposerProps, 'draft' | 'onDraft' | 'model' | 'onModel'>;

/** Words or a picture, and what goes with each. */
function Choices({ draft, onDraft, model, onModel }: ChoicesProps): JSX.Element {
  return (
    <>
      <ModeChoice mode={draft.mode} onChange={(mode) => onDraft({ ...draft, mode })} />
      <div className={classes['settings']}>
        {draft.mode === 'image' ? (
          <ImageSettingsFields settings={draft.image} onChange={(image) => onDraft({ ...draft, image })} />
        ) : (
          <ModelChoice model={model} onChange={onModel} />
        )}
      </div>
    </>
  );
}

interface ActionProps extends Pick<ComposerProps, 'isSending' | 'onStop' | 'isStopping'> {
  readonly isImage: boolean;
  readonly canSend: boolean;
}

/** Sends, or stops what runs. */
function Action({ isImage, canSend, isSending, onStop, isStopping }: ActionProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <div className={classes['action']}>
      {onStop === null ? (
        <Button
          type="submit"
          radius="xl"
          color={isImage ? 'orange.9' : 'indigo'}
          disabled={!canSend}
          loading={isSending}
          rightSection={<IconArrowUp size={17} aria-hidden />}
        >
          <span className={classes['send']}>{t(isImage ? 'composer.create_image' : 'composer.send')}</span>
        </Button>
      ) : (
        <Button
          radius="xl"
          color="red.8"
          disabled={isStopping}
          leftSection={<IconPlayerStopFilled size={15} aria-hidden />}
          onClick={onStop}
        >
          {t(isStopping ? 'composer.stopping' : 'composer.stop')}
        </Button>
      )}
    </div>
  );
}

/** The field has the focus when a chat is opened with a mouse and keys; on a phone the keyboard would cover the chat. */
function useFocusOnce() {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (window.matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  return field;
}

interface ModeChoiceProps {
  readonly mode: Draft['mode'];
  readonly onChange: (mode: Draft['mode']) => void;
}

function ModeChoice({ mode, onChange }: ModeChoiceProps): JSX.Element {
  const { t } = useTranslation();
  const label = (icon: ReactNode, text: string): JSX.Element => (
    <span className={classes['mode']}>
      {icon}
      {text}
    </span>
  );
  return (
    <SegmentedControl
      size="xs"
      radius="xl"
      aria-label={t('composer.mode')}
      value={mode}
      onChange={(value) => onChange(value === 'image' ? 'image' : 'text')}
      data={[
        { value: 'text', label: label(<IconMessage2 size={15} aria-hidden />, t('composer.text')) },
        { value: 'image', label: label(<IconPhoto size={15} aria-hidden />, t('composer.image')) },
      ]}
    />
  );
}
