import { Text } from '@mantine/core';
import { useEffect, useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatDuration } from '../ui/duration.ts';
import { Fold } from '../ui/fold.tsx';
import { useNow } from '../ui/use-now.ts';
import { useStickToEnd } from '../ui/use-stick-to-end.ts';
import type { ShownReply } from './shown-reply.ts';
import classes from './thinking.module.css';

/** What the model thinks before it answers: open while it does nothing else, folded as soon as the answer begins. */
export function Thinking({ shown }: { readonly shown: ShownReply }): JSX.Element {
  const { t, i18n } = useTranslation();
  const isThinking = shown.state === 'streaming' && shown.text === '';
  // Until somebody folds or unfolds it, it follows what happens.
  const [wish, setWish] = useState<boolean | null>(null);
  const isOpen = wish ?? isThinking;
  const thoughtMs = shown.details.thought_ms ?? null;
  const label = isThinking ? (
    <ThinkingFor />
  ) : thoughtMs === null ? (
    t('chat.thoughts')
  ) : (
    t('chat.thought_for', { time: formatDuration(thoughtMs, i18n.language) })
  );
  return (
    <div className={classes['thinking']}>
      <Fold label={label} isOpen={isOpen} onToggle={() => setWish(!isOpen)}>
        {isOpen && <Words text={shown.thinking} label={t('chat.thoughts')} />}
      </Fold>
    </div>
  );
}

/** Counts from when this page saw it begin. */
function ThinkingFor(): JSX.Element {
  const { t, i18n } = useTranslation();
  const [since] = useState(Date.now);
  const now = useNow();
  const seconds = Math.max(0, Math.floor((now - since) / 1_000));
  return (
    <span className={classes['now']}>
      {t('chat.thinking', { time: formatDuration(seconds * 1_000, i18n.language) })}
    </span>
  );
}

function Words({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const end = useStickToEnd(null);
  useEffect(end.onGrow);
  return (
    <div
      className={classes['words']}
      ref={end.scroller}
      onScroll={end.onScroll}
      role="group"
      aria-label={label}
      tabIndex={0}
    >
      <Text size="sm" component="div">
        {text}
      </Text>
    </div>
  );
}
