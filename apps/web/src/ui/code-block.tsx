import { useDebouncedValue } from '@mantine/hooks';
import { memo, useEffect, useState, type JSX, type ReactNode } from 'react';
import classes from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

interface CodeBlockProps {
  readonly code: string;
  readonly language: string | null;
}

/** Code that still grows is shown plain; colouring it for every token would cost more than the answer. */
const SETTLED_MS = 150;

export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps): JSX.Element {
  const [settled] = useDebouncedValue(code, SETTLED_MS);
  const [coloured, setColoured] = useState<{ readonly code: string; readonly nodes: ReactNode } | null>(null);

  useEffect(() => {
    if (language === null) return undefined;
    let isWanted = true;
    void import('./highlight.ts').then(({ highlight }) => {
      const nodes = highlight(settled, language);
      if (isWanted && nodes !== null) setColoured({ code: settled, nodes });
    });
    return () => {
      isWanted = false;
    };
  }, [settled, language]);

  return (
    <figure className={classes['block']}>
      <figcaption className={classes['head']}>
        <span>{language ?? ''}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* Reachable by keyboard, or long lines could not be scrolled without a mouse. */}
      <pre className={classes['code']} tabIndex={0}>
        <code>{coloured?.code === code ? coloured.nodes : code}</code>
      </pre>
    </figure>
  );
});
