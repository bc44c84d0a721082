import type { User } from '@baton/contracts';
import { Avatar, Group, Menu, Stack, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconBox, IconCpu, IconLogout, IconScale, IconSelector } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { JSX, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useGateway } from '../api/gateway-context.ts';
import type { Language } from '../i18n/i18n.ts';
import { LanguageChoice, ThemeChoice } from '../ui/appearance.tsx';
import classes from './account-menu.module.css';

export function AccountMenu({ user }: { readonly user: User }): JSX.Element {
  const { t } = useTranslation();
  const { client, session } = useGateway();
  // Whatever the gateway says, this browser forgets the session.
  const logout = useMutation({ mutationFn: () => client.logout(), onSettled: () => session.end() });
  const keepLocale = useMutation({
    mutationFn: (locale: Language) => client.updateMe({ locale }),
    onSuccess: (changed) => session.update(changed),
  });

  return (
    <Menu position="top-start" width="target" withinPortal closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton className={classes['button'] ?? ''}>
          <VisuallyHidden>{t('settings.account')}: </VisuallyHidden>
          <Group wrap="nowrap" gap="sm">
            <Avatar
              name={user.username}
              color="initials"
              size={34}
              alt=""
              aria-hidden
              classNames={{ placeholder: classes['initials'] ?? '' }}
            />
            <div className={classes['who']}>
              <Text size="sm" fw={600} truncate>
                {user.username}
              </Text>
              <Text size="xs" c="dimmed">
                {t(user.role === 'admin' ? 'settings.admin' : 'settings.user')}
              </Text>
            </div>
            <IconSelector size={16} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap={6} p="xs">
          <Text size="xs" c="dimmed">
            {t('settings.language')}
          </Text>
          <LanguageChoice onChoose={(language) => keepLocale.mutate(language)} />
          <Text size="xs" c="dimmed" mt={4}>
            {t('settings.theme')}
          </Text>
          <ThemeChoice />
        </Stack>
        <Menu.Divider />
        <Place to="/models" icon={<IconBox size={16} aria-hidden />} text={t('chat.models')} />
        {user.role === 'admin' && (
          <>
            <Place
              to="/comparisons"
              icon={<IconScale size={16} aria-hidden />}
              text={t('chat.comparisons')}
            />
            <Place to="/gpu" icon={<IconCpu size={16} aria-hidden />} text={t('settings.gpu')} />
          </>
        )}
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => logout.mutate()}>
          {t('auth.log_out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface PlaceProps {
  readonly to: string;
  readonly icon: ReactNode;
  readonly text: string;
}

/** A screen to go to; the menu closes. */
function Place({ to, icon, text }: PlaceProps): JSX.Element {
  return (
    <Menu.Item component={Link} href={to} closeMenuOnClick leftSection={icon}>
      {text}
    </Menu.Item>
  );
}
