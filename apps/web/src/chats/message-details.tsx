import type { Message, ThinkSetting } from '@baton/contracts';
import { ActionIcon, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconInfoCircle } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatStep } from '../ui/duration.ts';
import classes from './message-details.module.css';
import { answerFacts, type AnswerFacts } from './answer-facts.ts';
import type { ShownReply } from './shown-reply.ts';

interface MessageDetailsProps {
  readonly message: Message;
  readonly shown: ShownReply;
}

/** Who made an answer, and how much of what it took. */
export function MessageDetails({ message, shown }: MessageDetailsProps): JSX.Element | null {
  const { t, i18n } = useTranslation();
  const [isOpen, open] = useDisclosure(false);
  const rows = sayFacts(answerFacts(message, shown), i18n.language, t);
  if (rows.length === 0) return null;
  return (
    <Popover
      opened={isOpen}
      onChange={(wish) => !wish && open.close()}
      position="top-start"
      withArrow
      trapFocus={false}
    >
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="md"
          aria-label={t('chat.details')}
          onClick={open.toggle}
        >
          <IconInfoCircle size={16} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t('chat.details')}>
        <dl className={classes['facts']}>
          {rows.map(([name, value]) => (
            <div key={name} className={classes['fact']}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}

function sayFacts(
  facts: AnswerFacts,
  language: string,
  t: TFunction,
): readonly (readonly [string, string])[] {
  const { usage, tokensPerSecond } = facts;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const time = (ms: number | null): string | null => (ms === null ? null : formatStep(ms, language));
  const rows: readonly (readonly [string, string | null])[] = [
    [t('chat.detail.model'), facts.model],
    [t('chat.detail.engine'), facts.engine],
    [t('chat.detail.server'), facts.server],
    [
      t('chat.detail.tokens'),
      usage &&
        t('chat.detail.tokens_value', {
          prompt: number.format(usage.prompt_tokens),
          answer: number.format(usage.completion_tokens),
        }),
    ],
    [
      t('chat.detail.speed'),
      tokensPerSecond === null
        ? null
        : t('chat.detail.speed_value', { speed: number.format(tokensPerSecond) }),
    ],
    [t('chat.detail.load'), time(facts.loadMs)],
    [t('chat.detail.prompt'), time(facts.promptMs)],
    [t('chat.detail.answer'), time(facts.answerMs)],
    [t('chat.detail.stop'), facts.stop && t(`chat.detail.stop_${facts.stop}`)],
    [t('chat.detail.think'), facts.think === null ? null : sayThink(facts.think, t)],
    [t('chat.detail.format'), facts.format && t(`chat.detail.format_${facts.format}`)],
    [t('chat.detail.finished'), facts.finishedAt && sayMoment(facts.finishedAt, language)],
  ];
  return rows.filter((row): row is readonly [string, string] => row[1] !== null);
}

export function sayThink(think: ThinkSetting, t: TFunction): string {
  if (think === true) return t('chat.think_on');
  return think === false ? t('chat.think_off') : t(`chat.think_${think}`);
}

function sayMoment(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(
    Date.parse(iso),
  );
}
