import type { EngineName } from '@baton/contracts';
import { Button, Group, Select, Stack, Text, SegmentedControl } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { SwitchWish } from '../api/gateway.client.ts';
import { useModels } from '../chats/chat-queries.ts';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import type { SeenGpu } from '../gpu/gpu-feed.ts';
import { sayWholeLane } from '../gpu/swap-words.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useSwitchGpu } from './gpu-queries.ts';
import { Panel } from '../ui/panel.tsx';
import { showAccepted } from '../ui/show-accepted.ts';
import { SwitchDialog } from './switch-dialog.tsx';

const LAST_MODEL = '';

/** Hands the GPU over by hand: in its turn at once, or now after a question. */
export function SwitchPanel({ seen }: { readonly seen: SeenGpu | null }): JSX.Element {
  const { t } = useTranslation();
  const [engine, setEngine] = useState<EngineName>('comfyui');
  const [model, setModel] = useState<string>(LAST_MODEL);
  const [isForced, setForced] = useState(false);
  const [asked, setAsked] = useState<SwitchWish | null>(null);
  const change = useSwitchGpu();
  const wish: SwitchWish = {
    engine,
    model: engine === 'comfyui' || model === LAST_MODEL ? null : model,
    force: isForced,
  };
  const lane = sayWholeLane(wish, t);
  const send = (confirmed: SwitchWish): void =>
    change.mutate(confirmed, {
      onSuccess: ({ state }) =>
        showAccepted(t(state === 'done' ? 'gpu_screen.switch_done' : 'gpu_screen.switch_accepted', { lane })),
      onSettled: () => setAsked(null),
    });

  return (
    <Panel title={t('gpu_screen.switch_title')}>
      <Stack gap="sm">
        <Labelled label={t('gpu_screen.switch_engine')}>
          {(label) => (
            <SegmentedControl
              fullWidth
              aria-label={label}
              value={engine}
              onChange={(value) => setEngine(value === 'ollama' ? 'ollama' : 'comfyui')}
              data={Object.entries(ENGINE_NAMES).map(([value, name]) => ({ value, label: name }))}
            />
          )}
        </Labelled>
        {engine === 'ollama' && <ModelToLoad model={model} onModel={setModel} />}
        <Labelled label={t('gpu_screen.switch_when')}>
          {(label) => (
            <SegmentedControl
              fullWidth
              aria-label={label}
              value={isForced ? 'now' : 'turn'}
              onChange={(value) => setForced(value === 'now')}
              data={[
                { value: 'turn', label: t('gpu_screen.in_turn') },
                { value: 'now', label: t('gpu_screen.at_once') },
              ]}
            />
          )}
        </Labelled>
        <Text size="sm" c="dimmed">
          {t(isForced ? 'gpu_screen.at_once_hint' : 'gpu_screen.in_turn_hint')}
        </Text>
        {change.isError && <ErrorNotice error={change.error} />}
        <Group>
          <Button
            leftSection={<IconArrowsExchange size={17} aria-hidden />}
            loading={change.isPending}
            onClick={() => (isForced ? setAsked(wish) : send(wish))}
          >
            {t('gpu_screen.switch')}
          </Button>
        </Group>
      </Stack>
      {asked !== null && (
        <SwitchDialog
          lane={lane}
          queue={seen?.queue ?? null}
          isSending={change.isPending}
          onConfirm={() => send(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </Panel>
  );
}

interface LabelledProps {
  readonly label: string;
  readonly children: (label: string) => JSX.Element;
}

function Labelled({ label, children }: LabelledProps): JSX.Element {
  return (
    <div>
      <Text size="sm" fw={500} mb={4} aria-hidden>
        {label}
      </Text>
      {children(label)}
    </div>
  );
}

interface ModelToLoadProps {
  readonly model: string;
  readonly onModel: (model: string) => void;
}

function ModelToLoad({ model, onModel }: ModelToLoadProps): JSX.Element {
  const { t } = useTranslation();
  const models = useModels();
  const names = models.data?.models.map((one) => one.model) ?? [];
  return (
    <Select
      label={t('gpu_screen.switch_model')}
      allowDeselect={false}
      searchable={names.length > 7}
      value={model}
      onChange={(value) => onModel(value ?? LAST_MODEL)}
      data={[
        { value: LAST_MODEL, label: t('gpu_screen.last_model') },
        ...names.map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}
