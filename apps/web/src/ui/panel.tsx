import { Group, Text, Title } from '@mantine/core';
import { useId } from '@mantine/hooks';
import type { JSX, ReactNode } from 'react';
import classes from './panel.module.css';

interface PanelProps {
  readonly title: string;
  readonly hint?: string | undefined;
  /** Beside the title. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** One part of the screen, with a title that screen readers jump to. */
export function Panel({ title, hint, aside, children }: PanelProps): JSX.Element {
  const id = useId();
  return (
    <section className={classes['panel']} aria-labelledby={id}>
      <Group justify="space-between" gap="xs" mb={hint === undefined ? 'sm' : 2}>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {hint !== undefined && (
        <Text size="sm" c="dimmed" mb="sm">
          {hint}
        </Text>
      )}
      {children}
    </section>
  );
}
