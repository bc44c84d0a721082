import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { addWorkScreensWords } from '../i18n/work-screens-words.ts';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { BatchForm } from './batch-form.tsx';
import { BatchList } from './batch-list.tsx';

// Before the first word is drawn: this module is loaded when the screen is opened.
addWorkScreensWords();

/** Many questions at once, and what became of them. */
export function BatchesScreen(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Page title={t('work.batch.title')} hint={t('work.batch.hint')}>
      <Panel title={t('work.batch.new')}>
        <BatchForm />
      </Panel>
      <Panel title={t('work.batch.yours')}>
        <BatchList />
      </Panel>
    </Page>
  );
}
