import type { SwapRecord } from '@baton/contracts';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatStep } from '../ui/duration.ts';
import classes from './swap-bar.module.css';

/** The steps of a hand-over side by side, each as wide as it was long. A picture only: `SwapPhases` says it in words. */
export function SwapBar({ swap }: { readonly swap: SwapRecord }): JSX.Element {
  return (
    <span className={classes['bar']} aria-hidden>
      {swap.phases
        .filter(({ ms }) => ms > 0)
        .map(({ phase, ms }) => (
          <span key={phase} className={classes['part']} data-phase={phase} style={{ flexGrow: ms }} />
        ))}
    </span>
  );
}

/** The steps of a hand-over below each other with their times. */
export function SwapPhases({ swap }: { readonly swap: SwapRecord }): JSX.Element {
  const { t, i18n } = useTranslation();
  const longest = Math.max(1, ...swap.phases.map(({ ms }) => ms));
  return (
    <ol className={classes['phases']}>
      {swap.phases.map(({ phase, ms }) => (
        <li key={phase} className={classes['phase']}>
          <span>{t(`phase.${phase}`)}</span>
          <span className={classes['way']} aria-hidden>
            <span
              className={classes['part']}
              data-phase={phase}
              style={{ width: `${Math.max(1, (ms / longest) * 100)}%` }}
            />
          </span>
          <span className={classes['ms']}>{formatStep(ms, i18n.language)}</span>
        </li>
      ))}
    </ol>
  );
}
