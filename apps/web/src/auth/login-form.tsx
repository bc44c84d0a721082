import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { fieldError } from '../ui/field-error.ts';
import { useEnter } from './use-enter.ts';

export function LoginForm(): JSX.Element {
  const { t } = useTranslation();
  const { client } = useGateway();
  const enter = useEnter();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => client.login({ username, password }),
    onSuccess: (session) => enter(session),
  });

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        login.mutate();
      }}
    >
      <Stack>
        <TextInput
          label={t('auth.username')}
          autoComplete="username"
          autoCapitalize="none"
          required
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          error={fieldError(login.error, 'username')}
        />
        <PasswordInput
          label={t('auth.password')}
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={fieldError(login.error, 'password')}
        />
        {login.isError && <ErrorNotice error={login.error} />}
        <Button type="submit" size="md" loading={login.isPending}>
          {t('auth.log_in')}
        </Button>
      </Stack>
    </form>
  );
}
