import { Collapse, UnstyledButton } from '@mantine/core';
import { useId } from '@mantine/hooks';
import { IconChevronRight } from '@tabler/icons-react';
import type { JSX, ReactNode } from 'react';
import classes from './fold.module.css';

interface FoldProps {
  readonly label: ReactNode;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly children: ReactNode;
}

/** One line that unfolds into more. */
export function Fold({ label, isOpen, onToggle, children }: FoldProps): JSX.Element {
  const id = useId();
  return (
    <div className={classes['fold']}>
      <UnstyledButton
        className={classes['summary'] ?? ''}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={onToggle}
      >
        <IconChevronRight size={14} aria-hidden className={classes['arrow']} />
        <span>{label}</span>
      </UnstyledButton>
      <Collapse expanded={isOpen} id={id}>
        {children}
      </Collapse>
    </div>
  );
}
