import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './app.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { openGateway } from './api/gateway-context.ts';
import { App } from './app.tsx';
import { startI18n } from './i18n/i18n.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no root element.');

const gateway = openGateway();
void gateway.session.refresh();
await startI18n();
createRoot(root).render(
  <StrictMode>
    <App gateway={gateway} />
  </StrictMode>,
);
