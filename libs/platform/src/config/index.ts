/** Apart from the rest of the platform: who only reads settings needs neither Nest nor Redis for it. */
export {
  ConfigError,
  envAddress,
  envBoolean,
  envInteger,
  envJson,
  envKeepAlive,
  envNumber,
  envUrl,
  loadConfig,
  serviceEnv,
  type NumberRange,
} from './env.ts';
export { envNodes, nodeGuards, type NodeAddress, type NodeGuard } from './nodes.ts';
