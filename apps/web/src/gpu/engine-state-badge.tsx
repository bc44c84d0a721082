import type { EngineState } from '@baton/contracts';
import { Badge } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './engine-state-badge.module.css';

export function EngineStateBadge({ state }: { readonly state: EngineState }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Badge size="sm" tt="none" className={classes['badge'] ?? ''} data-state={state}>
      {t(`gpu.engine_state.${state}`)}
    </Badge>
  );
}
