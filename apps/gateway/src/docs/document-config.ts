import { readConfig } from '../config.ts';

/** The document does not depend on the settings; they only have to be well-formed, and nothing is connected to. */
export const DOCUMENT_CONFIG = readConfig({
  REDIS_URL: 'redis://localhost:6379',
  BATON_INTERNAL_SECRET: 'not used by the document',
  CHAT_SERVICE_ADDRESS: 'localhost:1',
  IMAGE_SERVICE_ADDRESS: 'localhost:1',
  GPU_SCHEDULER_ADDRESS: 'localhost:1',
  PROCESS_MANAGER_ADDRESS: 'localhost:1',
  IMAGE_SERVICE_URL: 'http://localhost:1',
});
