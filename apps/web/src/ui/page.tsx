import { Group, Stack, Text, Title } from '@mantine/core';
import type { JSX, ReactNode } from 'react';
import classes from './page.module.css';

interface PageProps {
  readonly title: string;
  readonly hint: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A screen that is no conversation: it scrolls by itself. */
export function Page({ title, hint, aside, children }: PageProps): JSX.Element {
  return (
    <div className={classes['scroll']}>
      <Stack className={classes['page'] ?? ''} gap="md">
        <div>
          <Group justify="space-between" gap="sm">
            <Title order={1} size="h3">
              {title}
            </Title>
            {aside}
          </Group>
          <Text size="sm" c="dimmed">
            {hint}
          </Text>
        </div>
        {children}
      </Stack>
    </div>
  );
}
