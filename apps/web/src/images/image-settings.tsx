import { IMAGE_LIMITS } from '@baton/contracts';
import { Button, Checkbox, Collapse, Group, NumberInput } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldError } from '../ui/field-error.ts';
import classes from './image-form.module.css';
import {
  countSettings,
  GUIDANCE,
  isSide,
  isWithin,
  STEPS,
  withoutSettings,
  type ImageWish,
} from './image-wish.ts';

interface ImageSettingsProps {
  readonly wish: ImageWish;
  readonly onWish: (wish: ImageWish) => void;
  readonly isOpen: boolean;
  /** What the gateway said last; it may name fields. */
  readonly error: unknown;
}

/** The settings that most leave to Baton, and a size in figures where that was chosen. */
export function ImageSettings({ wish, onWish, isOpen, error }: ImageSettingsProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      {wish.size === 'own' && <OwnSize wish={wish} onWish={onWish} error={error} />}
      <Collapse expanded={isOpen}>
        <div className={classes['settings']} role="group" aria-label={t('picture.settings')}>
          <Checkbox
            className={classes['whole'] ?? ''}
            size="xs"
            label={t('picture.as_is')}
            description={t('picture.as_is_hint')}
            checked={wish.isPromptAsIs}
            onChange={(event) => onWish({ ...wish, isPromptAsIs: event.currentTarget.checked })}
          />
          <Figure
            label={t('composer.seed')}
            placeholder={t('composer.seed_random')}
            value={wish.seed}
            onValue={(seed) => onWish({ ...wish, seed })}
            range={{ least: 0, most: Number.MAX_SAFE_INTEGER }}
            error={fieldError(error, 'seed')}
          />
          <Figure
            label={t('picture.steps')}
            value={wish.steps}
            onValue={(steps) => onWish({ ...wish, steps })}
            range={STEPS}
            error={
              rangeError(wish.steps, STEPS, t('picture.range', STEPS)) ?? fieldError(error, 'settings.steps')
            }
          />
          <Figure
            label={t('picture.guidance')}
            value={wish.guidance}
            onValue={(guidance) => onWish({ ...wish, guidance })}
            range={GUIDANCE}
            hasFractions
            error={
              rangeError(wish.guidance, GUIDANCE, t('picture.range', GUIDANCE)) ??
              fieldError(error, 'settings.guidance')
            }
          />
          <Group justify="flex-end" className={classes['whole'] ?? ''}>
            <Button
              size="compact-xs"
              variant="subtle"
              disabled={countSettings(wish) === 0}
              onClick={() => onWish(withoutSettings(wish))}
            >
              {t('picture.reset')}
            </Button>
          </Group>
        </div>
      </Collapse>
    </>
  );
}

function rangeError(
  value: number | null,
  range: { readonly least: number; readonly most: number },
  sentence: string,
): string | null {
  return isWithin(value, range) ? null : sentence;
}

function OwnSize({ wish, onWish, error }: Omit<ImageSettingsProps, 'isOpen'>): JSX.Element {
  const { t } = useTranslation();
  const { minSide: least, maxSide: most, sideMultiple: multiple } = IMAGE_LIMITS;
  const sideOf = (name: 'width' | 'height'): JSX.Element => (
    <Figure
      label={t(`picture.${name}`)}
      placeholder=""
      value={wish.own[name]}
      onValue={(pixels) => onWish({ ...wish, own: { ...wish.own, [name]: pixels } })}
      range={{ least, most }}
      step={multiple}
      error={isSide(wish.own[name]) ? fieldError(error, name) : t('picture.side', { least, most, multiple })}
    />
  );
  return (
    <div className={classes['settings']} role="group" aria-label={t('picture.size_own')}>
      {sideOf('width')}
      {sideOf('height')}
    </div>
  );
}

interface FigureProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: number | null;
  readonly onValue: (value: number | null) => void;
  readonly range: { readonly least: number; readonly most: number };
  readonly step?: number;
  readonly hasFractions?: boolean;
  readonly error: string | null;
}

function Figure(props: FigureProps): JSX.Element {
  const { t } = useTranslation();
  const {
    label,
    placeholder = t('picture.auto'),
    value,
    onValue,
    range,
    step = 1,
    hasFractions,
    error,
  } = props;
  return (
    <NumberInput
      size="xs"
      label={label}
      placeholder={placeholder}
      allowDecimal={hasFractions === true}
      allowNegative={false}
      decimalScale={2}
      hideControls
      min={range.least}
      max={range.most}
      step={step}
      // A wrong figure is said to be wrong; it is not made another one in silence.
      clampBehavior="none"
      value={value ?? ''}
      error={error}
      onChange={(next) => onValue(typeof next === 'number' ? next : null)}
    />
  );
}
