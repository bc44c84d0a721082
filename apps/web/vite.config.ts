import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, loadEnv } from 'vite';

const here = import.meta.dirname;

export default defineConfig(({ mode }) => {
  const { BATON_GATEWAY: gateway = 'http://localhost:5000' } = loadEnv(mode, here, 'BATON_');
  return {
    root: here,
    plugins: [react()],
    // The libs' own sources, as in the tests: the page never carries a stale build.
    resolve: { conditions: ['@baton/source', ...defaultClientConditions] },
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      // Since 2024 every browser knows light-dark(); for older ones it would be rewritten to follow the system's
      // appearance, not the one chosen on the page.
      target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
      // Nothing is inlined as a data: address, so that a strict content policy holds.
      assetsInlineLimit: 0,
    },
    // The host stays the page's own: the gateway compares it with the origin before it takes the refresh cookie.
    server: { proxy: { '/api': { target: gateway }, '/health': { target: gateway } } },
  };
});
