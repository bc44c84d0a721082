import type { Schema } from '@baton/platform/database';
import { refreshTokenEntity } from './auth/refresh-token.entity.ts';
import { Accounts1763600000000 } from './migrations/1763600000000-accounts.ts';
import { userEntity } from './users/user.entity.ts';

/** What the gateway keeps: accounts and refresh tokens. */
export const gatewaySchema: Schema = {
  owner: 'gateway',
  entities: (dialect) => [userEntity(dialect), refreshTokenEntity(dialect)],
  migrations: [Accounts1763600000000],
};
