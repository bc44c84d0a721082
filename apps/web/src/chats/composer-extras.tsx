import { ANSWER_LIMITS } from '@baton/contracts';
import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconBulb, IconCheck, IconCpu, IconPaperclip, IconPlus, IconWorld, IconX } from '@tabler/icons-react';
import { useRef, type Dispatch, type JSX, type ReactNode, type SetStateAction } from 'react';
import { useTranslation } from 'react-i18next';
import { useHasCpuEngine } from '../models/server-queries.ts';
import { canDo } from './answering-models.ts';
import { useModels } from './chat-queries.ts';
import classes from './composer.module.css';
import type { Draft } from './draft.ts';
import { sayThink } from './message-details.tsx';
import { THINK_SETTINGS } from './think-settings.ts';

interface ExtrasProps {
  readonly draft: Draft;
  readonly onDraft: Dispatch<SetStateAction<Draft>>;
  readonly model: string | null;
}

interface ExtrasMenuProps extends ExtrasProps {
  readonly onFiles: (files: readonly File[]) => void;
}

/** What can go with a question beside its words. */
export function ExtrasMenu({ draft, onDraft, model, onFiles }: ExtrasMenuProps): JSX.Element {
  const { t } = useTranslation();
  const hasCpu = useHasCpuEngine();
  const models = useModels();
  const files = useRef<HTMLInputElement>(null);
  // Where nobody knows, it is offered: the gateway says what is wrong with it.
  const canThink = draft.taskType !== null || canDo(models.data?.models ?? [], model, 'thinking') !== false;
  const set = (part: Partial<Draft>) => (): void => onDraft((current) => ({ ...current, ...part }));
  return (
    <>
      <Menu position="top-start" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" radius="xl" size={30} aria-label={t('chat.add')}>
            <IconPlus size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPaperclip size={16} aria-hidden />}
            disabled={draft.pictures.length >= ANSWER_LIMITS.imagesPerMessage}
            onClick={() => files.current?.click()}
          >
            {t('chat.attach')}
          </Menu.Item>
          <Toggle
            icon={<IconWorld size={16} aria-hidden />}
            text={t('chat.web_search')}
            isOn={draft.webSearch}
            onClick={set({ webSearch: !draft.webSearch })}
          />
          {(hasCpu || draft.engine === 'local') && (
            <Toggle
              icon={<IconCpu size={16} aria-hidden />}
              text={t('chat.use_cpu')}
              isOn={draft.engine === 'local'}
              onClick={set({ engine: draft.engine === 'local' ? 'auto' : 'local' })}
            />
          )}
          {canThink && (
            <>
              <Menu.Label>{t('chat.think')}</Menu.Label>
              <Toggle
                text={t('chat.think_as_is')}
                isOn={draft.think === null}
                onClick={set({ think: null })}
              />
              {THINK_SETTINGS.map((think) => (
                <Toggle
                  key={String(think)}
                  text={sayThink(think, t)}
                  isOn={draft.think === think}
                  onClick={set({ think })}
                />
              ))}
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <input
        ref={files}
        type="file"
        hidden
        multiple
        accept="image/*"
        aria-label={t('chat.attach')}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file can be chosen once more.
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}

interface ToggleProps {
  readonly icon?: ReactNode;
  readonly text: string;
  readonly isOn: boolean;
  readonly onClick: () => void;
}

function Toggle({ icon, text, isOn, onClick }: ToggleProps): JSX.Element {
  return (
    <Menu.Item
      role="menuitemcheckbox"
      aria-checked={isOn}
      leftSection={icon}
      rightSection={isOn ? <IconCheck size={15} aria-hidden /> : null}
      onClick={onClick}
    >
      {text}
    </Menu.Item>
  );
}

/** What was chosen, in sight, and taken away with one press. */
export function ChosenExtras({ draft, onDraft }: Omit<ExtrasProps, 'model'>): JSX.Element | null {
  const { t } = useTranslation();
  const { webSearch, engine, think } = draft;
  if (!webSearch && engine === 'auto' && think === null) return null;
  const without = (part: Partial<Draft>) => (): void => onDraft((current) => ({ ...current, ...part }));
  return (
    <div className={classes['chosen']}>
      {webSearch && (
        <Chosen
          icon={<IconWorld size={14} aria-hidden />}
          text={t('chat.web_search')}
          onRemove={without({ webSearch: false })}
        />
      )}
      {engine === 'local' && (
        <Chosen
          icon={<IconCpu size={14} aria-hidden />}
          text={t('chat.use_cpu')}
          onRemove={without({ engine: 'auto' })}
        />
      )}
      {think !== null && (
        <Chosen
          icon={<IconBulb size={14} aria-hidden />}
          text={`${t('chat.think')}: ${sayThink(think, t)}`}
          onRemove={without({ think: null })}
        />
      )}
    </div>
  );
}

interface ChosenProps {
  readonly icon: ReactNode;
  readonly text: string;
  readonly onRemove: () => void;
}

function Chosen({ icon, text, onRemove }: ChosenProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Button
      size="compact-xs"
      radius="xl"
      variant="default"
      leftSection={icon}
      rightSection={<IconX size={13} aria-hidden />}
      aria-label={t('chat.take_away', { what: text })}
      onClick={onRemove}
    >
      {text}
    </Button>
  );
}
