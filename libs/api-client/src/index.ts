export * from './generated/index.ts';
export { createClient, type Client } from './generated/client/index.ts';
