import { CHAT_LIMITS, type ThinkSetting } from '@baton/contracts';
import { Button, Group, Modal, NumberInput, Select, Stack, Text, Textarea } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { fieldError } from '../ui/field-error.ts';
import { DEFAULT_SETTINGS, isDefault, type ChatSettings } from './chat-settings.ts';
import { sayThink } from './message-details.tsx';
import { THINK_SETTINGS } from './think-settings.ts';

interface ChatSettingsDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly settings: ChatSettings;
  readonly onSave: (settings: ChatSettings) => void;
  readonly isSaving: boolean;
  readonly error: unknown;
}

/** How one chat is answered. What is left empty is as the model or the installation has it. */
export function ChatSettingsDialog({ opened, onClose, ...form }: ChatSettingsDialogProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('chat.settings')}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <SettingsForm {...form} onClose={onClose} />
    </Modal>
  );
}

function SettingsForm(props: Omit<ChatSettingsDialogProps, 'opened'>): JSX.Element {
  const { t } = useTranslation();
  const { settings, onSave, onClose, isSaving, error } = props;
  const [wish, setWish] = useState(settings);
  const set = (part: Partial<ChatSettings>): void => setWish((current) => ({ ...current, ...part }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ ...wish, system_prompt: textOrNull(wish.system_prompt ?? '') });
      }}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('chat.settings_hint')}
        </Text>
        <Textarea
          label={t('chat.system_prompt')}
          description={t('chat.system_prompt_hint')}
          autosize
          minRows={3}
          maxRows={10}
          data-autofocus
          maxLength={CHAT_LIMITS.systemPromptChars}
          value={wish.system_prompt ?? ''}
          onChange={(event) => set({ system_prompt: event.currentTarget.value })}
          error={fieldError(error, 'system_prompt')}
        />
        <Numbers wish={wish} set={set} error={error} />
        <ThinkChoice think={wish.think} onChange={(think) => set({ think })} />
        {error !== null && <ErrorNotice error={error} />}
        <Group justify="space-between" gap="xs">
          <Button
            variant="subtle"
            color="gray"
            disabled={isDefault(wish)}
            onClick={() => setWish(DEFAULT_SETTINGS)}
          >
            {t('chat.reset')}
          </Button>
          <Group gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" loading={isSaving}>
              {t('app.save')}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

const NUMBERS = [
  { name: 'temperature', min: 0, max: 2, step: 0.1, isWhole: false },
  { name: 'top_p', min: 0.01, max: 1, step: 0.05, isWhole: false },
  { name: 'max_tokens', min: 1, max: 131_072, step: 256, isWhole: true },
] as const;

interface NumbersProps {
  readonly wish: ChatSettings;
  readonly set: (part: Partial<ChatSettings>) => void;
  readonly error: unknown;
}

function Numbers({ wish, set, error }: NumbersProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      {NUMBERS.map(({ name, min, max, step, isWhole }) => (
        <NumberInput
          key={name}
          label={t(`chat.${name}`)}
          description={t(`chat.${name}_hint`)}
          placeholder={t('chat.default')}
          min={min}
          max={max}
          step={step}
          allowDecimal={!isWhole}
          allowNegative={false}
          clampBehavior="blur"
          value={wish[name] ?? ''}
          onChange={(value) => set({ [name]: typeof value === 'number' ? value : null })}
          error={fieldError(error, name)}
        />
      ))}
    </>
  );
}

interface ThinkChoiceProps {
  readonly think: ThinkSetting | null;
  readonly onChange: (think: ThinkSetting | null) => void;
}

function ThinkChoice({ think, onChange }: ThinkChoiceProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Select
      label={t('chat.think')}
      placeholder={t('chat.think_as_is')}
      clearable
      clearButtonProps={{ 'aria-label': t('chat.think_as_is') }}
      value={think === null ? null : String(think)}
      onChange={(value) => onChange(THINK_SETTINGS.find((one) => String(one) === value) ?? null)}
      data={THINK_SETTINGS.map((one) => ({ value: String(one), label: sayThink(one, t) }))}
    />
  );
}

function textOrNull(text: string): string | null {
  return text.trim() === '' ? null : text;
}
