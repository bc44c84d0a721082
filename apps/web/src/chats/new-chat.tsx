import type { User } from '@baton/contracts';
import { Button, Group, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconFlask, IconMessage2, IconPhoto } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useGateway } from '../api/gateway-context.ts';
import { useModels } from './chat-queries.ts';
import { DEFAULT_SETTINGS, isDefault, type ChatSettings } from './chat-settings.ts';
import { ChatSettingsDialog } from './chat-settings-dialog.tsx';
import { Composer } from './composer.tsx';
import { EMPTY_DRAFT, type Draft } from './draft.ts';
import classes from './new-chat.module.css';
import { useSendRequest, type NewRequest } from './new-request.ts';
import { useHandedDraft } from './use-handed-draft.ts';

/** The page before there is a chat: the first request makes one. */
export function NewChat({ user }: { readonly user: User }): JSX.Element {
  const { t } = useTranslation();
  const [draft, setDraft] = useHandedDraft();
  const [chosen, setChosen] = useState<string | null>(null);
  const models = useModels();
  const model = chosen ?? models.data?.default_model ?? null;
  const [settings, setSettings] = useState<ChatSettings>(DEFAULT_SETTINGS);
  const [isSetting, set] = useDisclosure(false);
  const begin = useBeginChat(model, settings);

  return (
    <div className={classes['page']}>
      <div className={classes['scroll']}>
        <div className={classes['welcome']}>
          <Title order={1} className={classes['hello'] ?? ''}>
            {t('chats.hello', { name: user.username })}
          </Title>
          <Text c="dimmed">{t('chats.hello_hint')}</Text>
          <Group gap="xs" mt="sm">
            <Button
              size="xs"
              variant={isDefault(settings) ? 'default' : 'light'}
              leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />}
              onClick={set.open}
            >
              {t('chat.settings')}
            </Button>
          </Group>
          {models.data?.simulated === true && (
            <Text size="sm" className={classes['simulated'] ?? ''}>
              <IconFlask size={16} aria-hidden />
              {t('gpu.simulated_hint')}
            </Text>
          )}
          <Stack
            gap="xs"
            mt="lg"
            component="ul"
            className={classes['ideas'] ?? ''}
            aria-label={t('chats.ideas')}
          >
            <Idea mode="text" text={t('chats.idea_text_1')} onPick={setDraft} />
            <Idea mode="text" text={t('chats.idea_text_2')} onPick={setDraft} />
            <Idea mode="image" text={t('chats.idea_image')} onPick={setDraft} />
          </Stack>
        </div>
      </div>
      <Composer
        draft={draft}
        onDraft={setDraft}
        model={model}
        onModel={setChosen}
        onSend={(request) => begin.mutate(request)}
        isSending={begin.isPending}
        error={begin.error ?? models.error}
        onStop={null}
        isStopping={false}
      />
      <ChatSettingsDialog
        opened={isSetting}
        onClose={set.close}
        settings={settings}
        onSave={(wish) => {
          setSettings(wish);
          set.close();
        }}
        isSaving={false}
        error={null}
      />
    </div>
  );
}

/** Makes a chat and sends its first request; goes there when both are done. */
function useBeginChat(model: string | null, settings: ChatSettings) {
  const { client } = useGateway();
  const queries = useQueryClient();
  const send = useSendRequest();
  const [, navigate] = useLocation();
  /** A chat whose first request was refused is used for the next attempt, so that none is left behind empty. */
  const made = useRef<number | null>(null);
  return useMutation({
    mutationFn: async (request: NewRequest) => {
      const begun = { ...(model === null ? {} : { model }), ...settings };
      // The gateway names it after its first request.
      if (made.current === null) made.current = (await client.createChat(begun)).id;
      else await client.updateChat(made.current, begun);
      const chatId = made.current;
      await send.mutateAsync({ chatId, request });
      return chatId;
    },
    onSuccess: (chatId) => navigate(`/chats/${chatId}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['chats'] }),
  });
}

interface IdeaProps {
  readonly mode: Draft['mode'];
  readonly text: string;
  readonly onPick: (draft: Draft) => void;
}

function Idea({ mode, text, onPick }: IdeaProps): JSX.Element {
  const Icon = mode === 'image' ? IconPhoto : IconMessage2;
  return (
    <li>
      <UnstyledButton
        className={classes['idea'] ?? ''}
        data-mode={mode}
        onClick={() => onPick({ ...EMPTY_DRAFT, mode, text })}
      >
        <Icon size={18} aria-hidden />
        <span>{text}</span>
      </UnstyledButton>
    </li>
  );
}
