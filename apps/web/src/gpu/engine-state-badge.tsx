import type { EngineState } from '@baton/contracts';
import { Badge } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';

const COLOURS: Readonly<Record<EngineState, string>> = {
  stopped: 'gray',
  starting: 'yellow',
  ready: 'teal',
  stopping: 'yellow',
  failed: 'red',
  unreachable: 'red',
};

export function EngineStateBadge({ state }: { readonly state: EngineState }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Badge size="sm" variant="light" tt="none" color={COLOURS[state]} flex="none">
      {t(`gpu.engine_state.${state}`)}
    </Badge>
  );
}
