import { z } from 'zod';
import { askBroker } from './server-broker.ts';

const access = z.object({
  host: z.string(),
  port: z.int().positive(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
});

/** How to reach an empty database that no other test uses. */
export type TestMariaDb = z.infer<typeof access>;

/** A new empty database on a real MariaDB. Needs no clean-up. */
export async function startMariaDb(): Promise<TestMariaDb> {
  return access.parse(await askBroker('mariadb'));
}
