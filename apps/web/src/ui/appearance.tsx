import {
  ActionIcon,
  SegmentedControl,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, languageOf, LANGUAGES, type Language } from '../i18n/i18n.ts';

interface LanguageChoiceProps {
  /** Runs after a choice, which is remembered in this browser already. */
  readonly onChoose?: ((language: Language) => void) | undefined;
}

export function LanguageChoice({ onChoose }: LanguageChoiceProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const choose = (value: string): void => {
    const language = languageOf(value);
    if (language === null) return;
    void chooseLanguage(language);
    onChoose?.(language);
  };
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('settings.language')}
      value={i18n.language}
      onChange={choose}
      data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
    />
  );
}

export function ThemeChoice(): JSX.Element {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('settings.theme')}
      value={colorScheme}
      onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
      data={[
        { value: 'light', label: t('settings.light') },
        { value: 'dark', label: t('settings.dark') },
        { value: 'auto', label: t('settings.auto') },
      ]}
    />
  );
}

/** The short form for places with little room: between light and dark only. */
export function ThemeSwitch(): JSX.Element {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const label = isDark ? t('settings.light') : t('settings.dark');
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={`${t('settings.theme')}: ${label}`}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}
