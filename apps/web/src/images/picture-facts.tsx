import type { Image } from '@baton/contracts';
import { Badge, Group } from '@mantine/core';
import type { JSX, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../ui/copy-button.tsx';
import { formatStep } from '../ui/duration.ts';
import classes from './images.module.css';
import { PictureImage } from './picture-image.tsx';

/** How image-service calls the graphs that come with Baton; those of a user are called as their files. */
const BUILT_IN = 'built in';
const PHASES = ['vision', 'prompt', 'settings', 'upload', 'render', 'fetch', 'store'] as const;

/** All that is known of how a picture came about. */
export function PictureFacts({ image }: { readonly image: Image }): JSX.Element {
  const { t, i18n } = useTranslation();
  const { settings } = image;
  const figure = (value: number): string => value.toLocaleString(i18n.language);
  const isMade = image.kind !== 'upscale';
  const figures = [
    t('picture.fact_steps', { steps: settings.steps }),
    t('picture.fact_guidance', { guidance: figure(settings.guidance) }),
    ...(image.kind === 'image' ? [t('picture.fact_change', { denoise: figure(settings.denoise) })] : []),
    `${settings.sampler} / ${settings.scheduler}`,
  ];
  return (
    <dl className={classes['facts']}>
      {image.prompt_by === 'model' && <Fact name={t('picture.description')}>{image.description}</Fact>}
      <Fact name={`${t('image.prompt')} (${t(`picture.prompt_by.${image.prompt_by}`)})`}>
        <Copied text={image.prompt} />
      </Fact>
      {image.reference_image_id !== null && <ReferenceFact image={image} id={image.reference_image_id} />}
      <Fact name={t('image.seed')}>
        <Copied text={String(image.seed)} />
      </Fact>
      <Fact name={t('image.size')}>
        {image.width} × {image.height}
      </Fact>
      {isMade && (
        <Fact name={`${t('picture.settings')} (${t(`picture.settings_by.${image.settings_by}`)})`}>
          {figures.join(' · ')}
        </Fact>
      )}
      <Fact name={t('image.model')}>
        <Group gap="xs">
          <span>{image.model}</span>
          {image.simulated && (
            <Badge size="sm" variant="outline" color="gray" tt="none">
              {t('image.simulated')}
            </Badge>
          )}
        </Group>
      </Fact>
      {image.workflow !== null && (
        <Fact name={t('picture.workflow')}>
          {image.workflow.name === BUILT_IN ? t('picture.built_in') : image.workflow.name}{' '}
          <code>{image.workflow.hash.slice(0, 8)}</code>
        </Fact>
      )}
      <Timings timings={image.timings} />
      <Fact name={t('image.created')}>
        {new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' }).format(
          new Date(image.created_at),
        )}
      </Fact>
    </dl>
  );
}

function ReferenceFact({ image, id }: { readonly image: Image; readonly id: number }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Fact name={t(image.kind === 'upscale' ? 'picture.enlarged_from' : 'picture.reference')}>
      <span className={classes['from']}>
        <PictureImage imageId={id} alt={t('picture.reference')} />
      </span>
      {image.reference_description !== null && (
        <span className={classes['seen']}>{image.reference_description}</span>
      )}
    </Fact>
  );
}

/** Where the time went, in the order of the work. */
function Timings({ timings }: Pick<Image, 'timings'>): JSX.Element | null {
  const { t, i18n } = useTranslation();
  const told = PHASES.flatMap((phase) => {
    const ms = timings?.[phase];
    return ms === undefined ? [] : [`${t(`picture.phase.${phase}`)} ${formatStep(ms, i18n.language)}`];
  });
  return told.length === 0 ? null : <Fact name={t('picture.timings')}>{told.join(' · ')}</Fact>;
}

function Copied({ text }: { readonly text: string }): JSX.Element {
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <span>{text}</span>
      <CopyButton text={text} />
    </Group>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
