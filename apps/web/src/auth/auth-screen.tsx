import { Alert, Group, Paper, Stack, Tabs, Text, ThemeIcon, Title } from '@mantine/core';
import { IconClockHour4, IconMessage2, IconPhoto } from '@tabler/icons-react';
import { useState, type JSX, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { LanguageChoice, ThemeSwitch } from '../ui/appearance.tsx';
import { Logo } from '../ui/logo.tsx';
import classes from './auth-screen.module.css';
import { LoginForm } from './login-form.tsx';
import { RegisterForm } from './register-form.tsx';

interface AuthScreenProps {
  /** A session was there and is over: say so. */
  readonly ended: boolean;
}

export function AuthScreen({ ended }: AuthScreenProps): JSX.Element {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>('login');
  return (
    <div className={classes['screen']}>
      <aside className={classes['pitch']}>
        <Logo size={40} />
        <Title order={2} className={classes['tagline']}>
          {t('app.tagline')}
        </Title>
        <Stack gap="lg" component="ul" className={classes['points'] ?? ''}>
          <Point colour="ollama" icon={<IconMessage2 size={20} />} text={t('auth.pitch_text')} />
          <Point colour="comfyui" icon={<IconPhoto size={20} />} text={t('auth.pitch_image')} />
          <Point colour="both" icon={<IconClockHour4 size={20} />} text={t('auth.pitch_queue')} />
        </Stack>
      </aside>
      <main className={classes['side']}>
        <Group justify="flex-end" gap="xs" p="md">
          <LanguageChoice />
          <ThemeSwitch />
        </Group>
        <Paper className={classes['card'] ?? ''} p={{ base: 'md', xs: 'xl' }}>
          <div className={classes['small-logo']}>
            <Logo size={34} />
          </div>
          {ended && (
            <Alert color="yellow" mb="md" role="status">
              {t('auth.session_ended')}
            </Alert>
          )}
          <Tabs value={tab} onChange={setTab} keepMounted={false}>
            <Tabs.List grow mb="lg">
              <Tabs.Tab value="login">{t('auth.log_in')}</Tabs.Tab>
              <Tabs.Tab value="register">{t('auth.create_account')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="login">
              <LoginForm />
            </Tabs.Panel>
            <Tabs.Panel value="register">
              <RegisterForm />
            </Tabs.Panel>
          </Tabs>
        </Paper>
      </main>
    </div>
  );
}

interface PointProps {
  readonly colour: 'ollama' | 'comfyui' | 'both';
  readonly icon: ReactNode;
  readonly text: string;
}

function Point({ colour, icon, text }: PointProps): JSX.Element {
  return (
    <Group component="li" wrap="nowrap" gap="md">
      <ThemeIcon className={classes[colour] ?? ''} size={40} radius="xl" aria-hidden>
        {icon}
      </ThemeIcon>
      <Text>{text}</Text>
    </Group>
  );
}
