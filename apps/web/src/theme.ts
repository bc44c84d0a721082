import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily:
    'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace',
  // Nothing in a menu but its items: a placeholder for the focus is no child that a menu may have.
  components: { Menu: { defaultProps: { withInitialFocusPlaceholder: false } } },
  headings: { fontWeight: '650' },
  colors: {
    // Cooler and a little deeper than the stock greys, so that the two engine colours stand out.
    dark: [
      '#d5d9e2',
      '#b6bcca',
      '#949cb0',
      '#6b7488',
      '#3d4557',
      '#2f3646',
      '#232938',
      '#191e2a',
      '#131721',
      '#0e1119',
    ],
  },
});

/** Text comes in teal and pictures in orange, everywhere on the page. Both pass 4.5:1 on every background they meet. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fbfbfa',
    '--page-raised': '#ffffff',
    '--page-sunken': '#f3f3f1',
    '--page-line': '#e2e3e0',
    '--page-dimmed': '#5b6170',
    '--mantine-color-dimmed': '#5b6170',
    '--mantine-color-error': '#c02f22',
    '--engine-ollama': '#0a7060',
    '--engine-ollama-soft': '#d8f3ec',
    '--engine-comfyui': '#a34a07',
    '--engine-comfyui-soft': '#fdebd8',
    // Who speaks in a chat between models.
    '--speaker-0': '#0a7060',
    '--speaker-1': '#3f51c4',
    '--speaker-2': '#a34a07',
    '--speaker-3': '#8a2f8f',
    '--speaker-4': '#1f6f2d',
    '--speaker-5': '#a02845',
  },
  dark: {
    '--mantine-color-body': '#131721',
    '--page-raised': '#1b202d',
    '--page-sunken': '#0f131b',
    '--page-line': '#2b3241',
    '--page-dimmed': '#a1a9ba',
    '--mantine-color-dimmed': '#a1a9ba',
    '--mantine-color-error': '#ff9a8c',
    '--engine-ollama': '#45d0b6',
    '--engine-ollama-soft': '#123a38',
    '--engine-comfyui': '#f7a558',
    '--engine-comfyui-soft': '#43301f',
    '--speaker-0': '#45d0b6',
    '--speaker-1': '#9db0ff',
    '--speaker-2': '#f7a558',
    '--speaker-3': '#e39be8',
    '--speaker-4': '#8fd693',
    '--speaker-5': '#ff9db2',
  },
});
