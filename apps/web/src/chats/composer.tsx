import { CHAT_LIMITS, IMAGE_LIMITS } from '@baton/contracts';
import { Button, Group, SegmentedControl, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowUp, IconMessage2, IconPhoto, IconPlayerStopFilled } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import {
  useEffect,
  useRef,
  useState,
  type Dispatch,
  type DragEvent,
  type JSX,
  type KeyboardEvent,
  type ReactNode,
  type SetStateAction,
} from 'react';
import { useTranslation } from 'react-i18next';
import { ImageChoices, ReferenceButton } from '../images/image-choices.tsx';
import { ImageSettings } from '../images/image-settings.tsx';
import { countSettings, type ImageWish } from '../images/image-wish.ts';
import { ReferenceStrip } from '../images/reference-strip.tsx';
import { useReference } from '../images/use-reference.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { canDo } from './answering-models.ts';
import { AttachedPictures } from './attached-pictures.tsx';
import classes from './composer.module.css';
import { useModels } from './chat-queries.ts';
import { ChosenExtras, ExtrasMenu } from './composer-extras.tsx';
import type { Draft } from './draft.ts';
import { ModelChoice } from './model-choice.tsx';
import { requestOf, type NewRequest } from './new-request.ts';
import { picturesIn, useAttach } from './use-attach.ts';

interface ComposerProps {
  readonly draft: Draft;
  readonly onDraft: Dispatch<SetStateAction<Draft>>;
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
  const { attach, remove, problem } = useAttach(draft, onDraft);
  const reference = useReference((change) =>
    onDraft((current) => ({ ...current, image: change(current.image) })),
  );
  const [isSetting, setting] = useDisclosure(countSettings(draft.image) > 0);
  const [isOver, setOver] = useState(false);
  const isImage = draft.mode === 'image';
  // A picture goes with a question, and begins another picture.
  const take = isImage ? reference.take : attach;
  const wrong = isImage ? reference.problem : problem;
  const onWish = (image: ImageWish): void => onDraft((current) => ({ ...current, image }));
  const limit = isImage ? IMAGE_LIMITS.descriptionChars : CHAT_LIMITS.messageChars;
  const over = draft.text.trim().length - limit;
  const request = requestOf(draft, model);
  const canSend = request !== null && over <= 0 && !isSending && onStop === null;

  const send = (): void => {
    if (canSend) onSend(request);
  };

  return (
    <form
      className={classes['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      {...takesDrops(take, setOver)}
    >
      {props.error !== null && <ErrorNotice error={props.error} />}
      {wrong !== null && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {wrong}
        </Text>
      )}
      <div className={classes['box']} data-mode={draft.mode} data-over={isOver || undefined}>
        {!isImage && <AttachedPictures pictures={draft.pictures} onRemove={remove} />}
        {isImage && <ReferenceStrip wish={draft.image} onWish={onWish} />}
        {!isImage && draft.pictures.length > 0 && <Blindness draft={draft} model={model} />}
        <Textarea
          ref={field}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={10}
          aria-label={t('composer.label')}
          placeholder={placeholderOf(draft.mode, isOver, t)}
          value={draft.text}
          onChange={(event) => {
            const text = event.currentTarget.value;
            onDraft((current) => ({ ...current, text }));
          }}
          onKeyDown={onEnter(send)}
          onPaste={(event) => {
            const pictures = picturesIn(event.clipboardData);
            if (pictures.length === 0) return;
            event.preventDefault();
            take(pictures);
          }}
          error={over > 0 ? t('composer.too_long', { over }) : null}
        />
        {isImage ? (
          <ImageSettings wish={draft.image} onWish={onWish} isOpen={isSetting} error={props.error} />
        ) : (
          <ChosenExtras draft={draft} onDraft={onDraft} />
        )}
        <Group gap="xs" className={classes['tools'] ?? ''}>
          <ModeChoice mode={draft.mode} onChange={(mode) => onDraft((current) => ({ ...current, mode }))} />
          {isImage ? (
            <>
              <ReferenceButton onFiles={take} />
              <div className={classes['settings']}>
                <ImageChoices
                  wish={draft.image}
                  onWish={onWish}
                  isSettingsOpen={isSetting}
                  onSettings={setting.toggle}
                />
              </div>
            </>
          ) : (
            <TextChoices
              draft={draft}
              onDraft={onDraft}
              model={model}
              onModel={props.onModel}
              onFiles={take}
            />
          )}
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

/** Says in time what the gateway would say after sending: the chosen model does not see pictures. */
function Blindness({ draft, model }: Pick<ComposerProps, 'draft' | 'model'>): JSX.Element | null {
  const { t } = useTranslation();
  const models = useModels();
  // Whoever leaves the choice to Baton gets a model that sees.
  const isNamed = draft.taskType === null && draft.engine === 'auto';
  if (!isNamed || model === null || canDo(models.data?.models ?? [], model, 'vision') !== false) return null;
  return (
    <Text size="xs" c="var(--mantine-color-error)" role="status" px={6}>
      {t('chat.no_vision', { model })}
    </Text>
  );
}

function placeholderOf(mode: Draft['mode'], isOver: boolean, t: TFunction): string {
  if (isOver) return t(mode === 'image' ? 'picture.drop' : 'chat.drop');
  return t(mode === 'image' ? 'composer.placeholder_image' : 'composer.placeholder_text');
}

/** Pictures can be dropped anywhere on the composer. */
function takesDrops(take: (files: readonly File[]) => void, setOver: (isOver: boolean) => void) {
  return {
    onDragOver: (event: DragEvent): void => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent): void => {
      const isLeft =
        !(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget);
      if (isLeft) setOver(false);
    },
    onDrop: (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      // All of them: of what is no picture the gateway says so, and silence would look like a fault.
      const files = [...event.dataTransfer.files];
      if (files.length > 0) take(files);
    },
  };
}

/** Enter sends, with Shift it begins a new line; while a word is being composed (Chinese, Japanese…) it does neither. */
function onEnter(send: () => void) {
  return (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
}

interface TextChoicesProps extends Pick<ComposerProps, 'draft' | 'onDraft' | 'model' | 'onModel'> {
  readonly onFiles: (files: readonly File[]) => void;
}

/** What goes with a question, and who answers it. */
function TextChoices({ draft, onDraft, model, onModel, onFiles }: TextChoicesProps): JSX.Element {
  const set = (part: Partial<Draft>): void => onDraft((current) => ({ ...current, ...part }));
  return (
    <>
      <ExtrasMenu draft={draft} onDraft={onDraft} model={model} onFiles={onFiles} />
      <div className={classes['settings']}>
        <ModelChoice
          model={model}
          taskType={draft.taskType}
          onModel={(name) => {
            set({ taskType: null });
            onModel(name);
          }}
          onTaskType={(taskType) => set({ taskType })}
        />
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
          <span className={classes['send']}>{t(isStopping ? 'composer.stopping' : 'composer.stop')}</span>
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
