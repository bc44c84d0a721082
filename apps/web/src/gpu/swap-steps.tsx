import type { SwapPhase } from '@baton/contracts';
import { Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { SWAP_PHASES } from './baton-place.ts';
import classes from './swap-steps.module.css';

/** The steps of a hand-over with the one that is under way. */
export function SwapSteps({ phase }: { readonly phase: SwapPhase }): JSX.Element {
  const { t } = useTranslation();
  const at = SWAP_PHASES.indexOf(phase);
  return (
    <div>
      <ol className={classes['steps']}>
        {SWAP_PHASES.map((one, index) => (
          <li
            key={one}
            className={classes['step']}
            data-step={index < at ? 'past' : index === at ? 'now' : 'next'}
            aria-current={index === at ? 'step' : undefined}
            aria-label={t(`phase.${one}`)}
            title={t(`phase.${one}`)}
          />
        ))}
      </ol>
      <Text size="xs" fw={600} aria-hidden>
        {t(`phase.${phase}`)}
      </Text>
    </div>
  );
}
