import { SetMetadata } from '@nestjs/common';

export type Role = 'admin' | 'user';

export const IS_PUBLIC = 'baton:is-public';
export const ROLES = 'baton:roles';

/** This route answers without an access token. Every other one needs it: forgetting the mark closes a route. */
export const Public = () => SetMetadata(IS_PUBLIC, true);

/** This route answers users of these roles only. */
export const Roles = (...roles: readonly Role[]) => SetMetadata(ROLES, roles);
