import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { fieldError } from '../ui/field-error.ts';
import { useEnter } from './use-enter.ts';

const PASSWORD_CHARS = { min: 8, max: 128 } as const;
const USERNAME_CHARS = { min: 3, max: 32 } as const;

export function RegisterForm(): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const enter = useEnter();
  const [username, setUsername] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const register = useMutation({
    mutationFn: () => client.register({ username, password, ...(email === '' ? {} : { email }) }),
    onSuccess: (session) => enter(session, { isNew: true }),
  });

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        register.mutate();
      }}
    >
      <Stack>
        <TextInput
          label={t('auth.username')}
          description={t('auth.username_hint')}
          autoComplete="username"
          autoCapitalize="none"
          required
          minLength={USERNAME_CHARS.min}
          maxLength={USERNAME_CHARS.max}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          error={fieldError(register.error, 'username')}
        />
        <TextInput
          label={`${t('auth.email')} (${t('auth.optional')})`}
          type="email"
          autoComplete="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={fieldError(register.error, 'email')}
        />
        <PasswordInput
          label={t('auth.password')}
          description={t('auth.password_hint')}
          autoComplete="new-password"
          required
          minLength={PASSWORD_CHARS.min}
          maxLength={PASSWORD_CHARS.max}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={fieldError(register.error, 'password')}
        />
        {register.isError && <ErrorNotice error={register.error} />}
        <Button type="submit" size="md" loading={register.isPending}>
          {t('auth.create_account')}
        </Button>
        <FirstIsAdmin />
      </Stack>
    </form>
  );
}

function FirstIsAdmin(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed">
      {t('auth.first_is_admin')}
    </Text>
  );
}
