import type { ModelServer, ServerModel } from '@baton/contracts';
import { ActionIcon, Badge, Group, Menu, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowDownToArc, IconArrowUpFromArc, IconDots, IconTrash } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes } from '../ui/bytes.ts';
import { showAccepted } from '../ui/show-accepted.ts';
import { showError } from '../ui/show-error.ts';
import { DeleteModelDialog } from './delete-model-dialog.tsx';
import { useModelAct } from './model-queries.ts';
import classes from './models.module.css';

interface ModelTableProps {
  readonly server: ModelServer;
  readonly isAdmin: boolean;
}

export function ModelTable({ server, isAdmin }: ModelTableProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Table className={classes['table'] ?? ''} mt="sm" verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('models_screen.name')}</Table.Th>
          <Table.Th>{t('models_screen.size')}</Table.Th>
          <Table.Th>{t('models_screen.abilities')}</Table.Th>
          <Table.Th>{t('models_screen.memory')}</Table.Th>
          {isAdmin && <Table.Td />}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {server.models.map((model) => (
          <Row key={model.model} model={model} serverId={server.id} isAdmin={isAdmin} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface RowProps {
  readonly model: ServerModel;
  readonly serverId: string;
  readonly isAdmin: boolean;
}

function Row({ model, serverId, isAdmin }: RowProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const build = [model.parameter_size, model.quantization].filter((part) => part !== null).join(', ');
  return (
    <Table.Tr>
      <Table.Td className={classes['name'] ?? ''}>
        {model.model}
        {build !== '' && <span className={classes['build']}>{build}</span>}
      </Table.Td>
      <Table.Td data-label={t('models_screen.size')}>{formatBytes(model.size_bytes, i18n.language)}</Table.Td>
      <Table.Td data-label={t('models_screen.abilities')}>
        <Group gap={4}>
          {model.capabilities.map((one) => (
            <Badge
              key={one}
              size="xs"
              variant="outline"
              color="gray"
              tt="none"
              className={classes['can'] ?? ''}
            >
              {one}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td data-label={t('models_screen.memory')} data-loaded={model.loaded ?? undefined}>
        <Memory model={model} />
      </Table.Td>
      {isAdmin && (
        <Table.Td className={classes['acts'] ?? ''}>
          <Acts model={model} serverId={serverId} />
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function Memory({ model }: Pick<RowProps, 'model'>): JSX.Element {
  const { t, i18n } = useTranslation();
  if (model.loaded === null) return <>{t('models_screen.unknown')}</>;
  if (!model.loaded) return <>{t('models_screen.not_loaded')}</>;
  return (
    <>
      {model.loaded_bytes === null
        ? t('models_screen.loaded')
        : formatBytes(model.loaded_bytes, i18n.language)}
    </>
  );
}

function Acts({ model, serverId }: Omit<RowProps, 'isAdmin'>): JSX.Element {
  const { t } = useTranslation();
  const [isDeleting, remove] = useDisclosure(false);
  const load = useModelAct('load');
  const unload = useModelAct('unload');
  const target = { model: model.model, server: serverId };
  const told = { onSuccess: ({ say }: { readonly say: string }) => showAccepted(say), onError: showError };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('models_screen.actions', { model: model.model })}
            loading={load.isPending || unload.isPending}
          >
            <IconDots size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconArrowUpFromArc size={16} aria-hidden />}
            disabled={model.loaded === true}
            onClick={() => load.mutate(target, told)}
          >
            {t('models_screen.load')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowDownToArc size={16} aria-hidden />}
            disabled={model.loaded === false}
            onClick={() => unload.mutate(target, told)}
          >
            {t('models_screen.unload')}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove.open}>
            {t('models_screen.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteModelDialog {...target} opened={isDeleting} onClose={remove.close} />
    </>
  );
}
