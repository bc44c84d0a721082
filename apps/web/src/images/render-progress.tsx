import { Progress, Text } from '@mantine/core';
import { IconPhoto } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import classes from './images.module.css';
import { sayNode } from './node-words.ts';
import { usePicture } from './use-picture.ts';

interface RenderProgressProps {
  readonly messageId: number;
  readonly shown: {
    readonly prompt: { readonly prompt: string; readonly seed: number } | null;
    readonly progress: RenderStep | null;
    readonly previewRevision: number | null;
  };
}

export interface RenderStep {
  readonly step: number;
  readonly steps: number;
  readonly variant: number | null;
  readonly variants: number | null;
  readonly node: string | null;
}

/** A picture in the making: the prompt as soon as it is known, the steps, and what can be seen already. */
export function RenderProgress({ messageId, shown }: RenderProgressProps): JSX.Element | null {
  const { t } = useTranslation();
  const { prompt, progress, previewRevision } = shown;
  if (prompt === null && progress === null && previewRevision === null) return null;
  return (
    <figure className={classes['progress']}>
      <div className={classes['frame']}>
        {previewRevision === null ? (
          <IconPhoto size={42} aria-hidden className={classes['blank']} />
        ) : (
          <Preview messageId={messageId} revision={previewRevision} />
        )}
      </div>
      <figcaption className={classes['caption']}>
        {progress !== null && <Steps progress={progress} />}
        {prompt !== null && (
          <>
            <Text size="sm" className={classes['prompt'] ?? ''}>
              {prompt.prompt}
            </Text>
            <Text size="xs" c="dimmed">
              {/* The seeds of several pictures count on from the first. */}
              {t('image.seed')} {prompt.seed + (progress?.variant ?? 0)}
            </Text>
          </>
        )}
      </figcaption>
    </figure>
  );
}

function Steps({ progress }: { readonly progress: RenderStep }): JSX.Element {
  const { t } = useTranslation();
  const { step, steps, variant, variants, node } = progress;
  // After the last step the engine decodes and stores: a bar that stands still looks dead without a word of it.
  const words = node === null ? t('reply.step', { step, steps }) : sayNode(node, t);
  return (
    <div>
      {variant !== null && (
        <Text size="sm" className={classes['figures'] ?? ''}>
          {variants === null
            ? t('picture.variant', { variant: variant + 1 })
            : t('picture.variant_of', { variant: variant + 1, variants })}
        </Text>
      )}
      <Text size="sm" fw={600} mb={4} className={classes['figures'] ?? ''}>
        {words}
      </Text>
      <Progress.Root size="md" radius="xl" transitionDuration={250}>
        <Progress.Section
          value={(step / steps) * 100}
          color="orange"
          animated={node !== null}
          aria-label={t('reply.rendering')}
          aria-valuetext={words}
        />
      </Progress.Root>
    </div>
  );
}

function Preview({
  messageId,
  revision,
}: {
  readonly messageId: number;
  readonly revision: number;
}): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const { url } = usePicture(
    ['preview', messageId, revision],
    () => client.imagePreview(messageId),
    'previous',
  );
  return url === null ? (
    <IconPhoto size={42} aria-hidden className={classes['blank']} />
  ) : (
    <img src={url} alt={t('image.preview_alt')} className={classes['preview']} />
  );
}
