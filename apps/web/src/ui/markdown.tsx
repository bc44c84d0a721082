import { Anchor } from '@mantine/core';
import { memo, useMemo, type JSX, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CodeBlock } from './code-block.tsx';
import classes from './markdown.module.css';
import { splitMarkdown } from './split-markdown.ts';

/**
 * Raw HTML in the text is shown as text and addresses are limited to harmless schemes (both by react-markdown); pictures
 * from elsewhere become links, so that reading an answer never tells a stranger that it was read.
 */
const components: Components = {
  a: ({ href, children }) =>
    href?.startsWith('#') === true ? (
      <PlaceLink id={href.slice(1)}>{children}</PlaceLink>
    ) : (
      <Anchor href={href} target="_blank" rel="noopener noreferrer nofollow" underline="always" inherit>
        {children}
      </Anchor>
    ),
  img: ({ src, alt }) => (
    <Anchor href={src} target="_blank" rel="noopener noreferrer nofollow" inherit>
      {alt === undefined || alt === '' ? src : alt}
    </Anchor>
  ),
  pre: ({ children }) => <>{children}</>,
  code: ({ className, children }) => {
    const code = typeof children === 'string' ? children : '';
    const language = /language-(\S+)/.exec(className ?? '')?.[1];
    // Only a block ends with a line break: that is how it is told from code inside a line.
    if (language === undefined && !code.endsWith('\n'))
      return <code className={classes['inline']}>{code}</code>;
    return <CodeBlock code={code.replace(/\n$/, '')} language={language ?? null} />;
  },
  table: ({ children }) => (
    // Reachable by keyboard, or a wide table could not be scrolled without a mouse.
    <div className={classes['table']} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

/** Leads to a place on this page and changes no address: going back leaves the chat, not the citation. */
function PlaceLink({ id, children }: { readonly id: string; readonly children: ReactNode }): JSX.Element {
  return (
    <Anchor
      href={`#${id}`}
      className={classes['place'] ?? ''}
      inherit
      onClick={(event) => {
        event.preventDefault();
        const place = document.getElementById(id);
        place?.scrollIntoView({ block: 'nearest' });
        place?.focus({ preventScroll: true });
      }}
    >
      {children}
    </Anchor>
  );
}

const PLUGINS = [remarkGfm];

const Piece = memo(function Piece({ text }: { readonly text: string }): JSX.Element {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={components}>
      {text}
    </ReactMarkdown>
  );
});

export function Markdown({ text }: { readonly text: string }): JSX.Element {
  const pieces = useMemo(() => splitMarkdown(text), [text]);
  return (
    <div className={classes['markdown']}>
      {pieces.map((piece, index) => (
        // Pieces only ever grow at the end, so their place is their identity.
        <Piece key={index} text={piece} />
      ))}
    </div>
  );
}
