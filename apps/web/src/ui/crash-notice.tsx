import { Button, Center, Stack, Text } from '@mantine/core';
import { Component, type JSX, type ReactNode } from 'react';
import { i18n } from '../i18n/i18n.ts';

interface CrashNoticeProps {
  readonly children: ReactNode;
}

/** A mistake in drawing the page ends here; React offers a class for this only. */
export class CrashNotice extends Component<CrashNoticeProps, { readonly hasCrashed: boolean }> {
  override state = { hasCrashed: false };

  static getDerivedStateFromError(): { readonly hasCrashed: boolean } {
    return { hasCrashed: true };
  }

  override render(): ReactNode {
    return this.state.hasCrashed ? <Crashed /> : this.props.children;
  }
}

function Crashed(): JSX.Element {
  return (
    <Center h="100dvh" p="md">
      <Stack align="center" role="alert">
        <Text>{i18n.t('app.crashed')}</Text>
        <Button onClick={() => window.location.reload()}>{i18n.t('app.reload')}</Button>
      </Stack>
    </Center>
  );
}
