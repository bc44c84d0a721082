import { ActionIcon, Tooltip } from '@mantine/core';
import type { JSX, ReactNode } from 'react';

interface ToolButtonProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly onClick: () => void;
  readonly isLoading?: boolean;
  readonly isDisabled?: boolean;
  /** For a button that is either on or off. */
  readonly isOn?: boolean;
}

/** A small action under a message. */
export function ToolButton({
  label,
  icon,
  onClick,
  isLoading = false,
  isDisabled = false,
  isOn,
}: ToolButtonProps): JSX.Element {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={isOn === true ? 'light' : 'subtle'}
        color="gray"
        size="md"
        aria-label={label}
        aria-pressed={isOn}
        loading={isLoading}
        disabled={isDisabled}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
