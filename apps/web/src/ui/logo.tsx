import { Group, Text } from '@mantine/core';
import type { JSX } from 'react';

/** Two hands of a baton, in the colours of the two engines. */
export function Logo({ size = 28 }: { readonly size?: number }): JSX.Element {
  return (
    <Group gap="xs" wrap="nowrap">
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
        <rect width="32" height="32" rx="8" fill="#1d2433" />
        <path d="M9.5 22.5 L16 16" stroke="#2bb5a0" strokeWidth="5.5" strokeLinecap="round" />
        <path d="M16 16 L22.5 9.5" stroke="#f2994a" strokeWidth="5.5" strokeLinecap="round" />
      </svg>
      <Text span fw={700} fz={size * 0.68} lts="-0.02em">
        Baton
      </Text>
    </Group>
  );
}
