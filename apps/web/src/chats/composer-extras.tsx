import { ANSWER_LIMITS, type ThinkSetting } from '@baton/contracts';
import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconBulb, IconCpu, IconPaperclip, IconPlus, IconWorld, IconX } from '@tabler/icons-react';
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
  const set = (part: Partial<Draft>): void => onDraft((current) => ({ ...current, ...part }));
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
          <Menu.CheckboxItem
            checked={draft.webSearch}
            closeMenuOnClick
            onChange={(webSearch) => set({ webSearch })}
          >
            {t('chat.web_search')}
          </Menu.CheckboxItem>
          {(hasCpu || draft.engine === 'local') && (
            <Menu.CheckboxItem
              checked={draft.engine === 'local'}
              closeMenuOnClick
              onChange={(isLocal) => set({ engine: isLocal ? 'local' : 'auto' })}
            >
              {t('chat.use_cpu')}
            </Menu.CheckboxItem>
          )}
          {canThink && <ThinkItems think={draft.think} onChange={(think) => set({ think })} />}
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

interface ThinkItemsProps {
  readonly think: ThinkSetting | null;
  readonly onChange: (think: ThinkSetting | null) => void;
}

const AS_IS = 'as-is';

function ThinkItems({ think, onChange }: ThinkItemsProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      <Menu.Label>{t('chat.think')}</Menu.Label>
      <Menu.RadioGroup
        value={think === null ? AS_IS : String(think)}
        onChange={(value) => onChange(THINK_SETTINGS.find((one) => String(one) === value) ?? null)}
      >
        <Menu.RadioItem value={AS_IS} closeMenuOnClick>
          {t('chat.think_as_is')}
        </Menu.RadioItem>
        {THINK_SETTINGS.map((one) => (
          <Menu.RadioItem key={String(one)} value={String(one)} closeMenuOnClick>
            {sayThink(one, t)}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
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
