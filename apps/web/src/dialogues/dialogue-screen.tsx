import { CHAT_LIMITS, WORK_LIMITS } from '@baton/contracts';
import { Button, Group, NumberInput, Select, Stack, Textarea } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { addWorkScreensWords } from '../i18n/work-screens-words.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { useStartDialogue } from './dialogue-queries.ts';
import { NO_PLAN, canStart, planBody, withSpeaker, withoutSpeaker, type Plan } from './dialogue-plan.ts';
import { SpeakerFields } from './speaker-fields.tsx';

// Before the first word is drawn: this module is loaded when the screen is opened.
addWorkScreensWords();

/** Two to six models, what each is told about itself, and what they begin with. Their chat opens at once. */
export function DialogueScreen(): JSX.Element {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [plan, setPlan] = useState<Plan>(NO_PLAN);
  const start = useStartDialogue();
  const onStart = (): void =>
    start.mutate(planBody(plan), { onSuccess: ({ chat }) => navigate(`/chats/${chat.id}`) });
  return (
    <Page title={t('work.dialogue.title')} hint={t('work.dialogue.hint')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (canStart(plan)) onStart();
        }}
      >
        <Stack gap="md">
          <Panel title={t('work.dialogue.participants')}>
            <Speakers plan={plan} onPlan={setPlan} />
          </Panel>
          <Panel title={t('work.dialogue.first')} hint={t('work.dialogue.first_hint')}>
            <Beginning plan={plan} onPlan={setPlan} />
          </Panel>
          {start.isError && <ErrorNotice error={start.error} />}
          <Group justify="flex-end">
            <Button type="submit" disabled={!canStart(plan)} loading={start.isPending}>
              {t('work.dialogue.start')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

interface PlanProps {
  readonly plan: Plan;
  readonly onPlan: (plan: Plan) => void;
}

function Speakers({ plan, onPlan }: PlanProps): JSX.Element {
  const { t } = useTranslation();
  const { speakers } = plan;
  return (
    <Stack gap="lg">
      {speakers.map((speaker, index) => (
        <SpeakerFields
          key={speaker.key}
          speaker={speaker}
          number={index + 1}
          onChange={(part) =>
            onPlan({
              ...plan,
              speakers: speakers.map((one) => (one.key === speaker.key ? { ...one, ...part } : one)),
            })
          }
          onRemove={speakers.length > 2 ? () => onPlan(withoutSpeaker(plan, speaker.key)) : null}
        />
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={15} aria-hidden />}
        disabled={speakers.length >= WORK_LIMITS.models}
        onClick={() => onPlan(withSpeaker(plan))}
      >
        {t('work.dialogue.add')}
      </Button>
    </Stack>
  );
}

function Beginning({ plan, onPlan }: PlanProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <Textarea
        aria-label={t('work.dialogue.first')}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={CHAT_LIMITS.messageChars}
        value={plan.first}
        onChange={(event) => onPlan({ ...plan, first: event.currentTarget.value })}
      />
      <Group gap="sm" grow align="flex-start">
        <NumberInput
          label={t('work.dialogue.turns')}
          min={1}
          max={WORK_LIMITS.turns}
          allowDecimal={false}
          allowNegative={false}
          value={plan.turns}
          onChange={(turns) => {
            if (typeof turns === 'number') onPlan({ ...plan, turns });
          }}
        />
        <Select
          label={t('work.dialogue.order')}
          allowDeselect={false}
          value={plan.order}
          onChange={(order) => onPlan({ ...plan, order: order === 'in_turn' ? 'in_turn' : 'fewest_changes' })}
          data={[
            { value: 'fewest_changes', label: t('work.dialogue.fewest_changes') },
            { value: 'in_turn', label: t('work.dialogue.in_turn') },
          ]}
        />
      </Group>
    </Stack>
  );
}
