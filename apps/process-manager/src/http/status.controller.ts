import { timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Inject } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import type { NodeStatus } from '@baton/contracts';
import { Runtime } from '../runtime.ts';

/** Injection token: the word that `GET /status` asks for, or null where only this machine can ask. */
export const STATUS_SECRET = Symbol('STATUS_SECRET');

/** For people and probes on the GPU host. Ids of leases are keys to the engines: only their number is shown. */
@Controller()
export class StatusController {
  private readonly runtime: Runtime;
  private readonly secret: string | null;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(STATUS_SECRET) secret: string | null) {
    this.runtime = runtime;
    this.secret = secret;
  }

  @Get('status')
  status(
    @Headers('authorization') authorization: string | undefined,
  ): Omit<NodeStatus, 'admitted'> & { leases: number } {
    if (this.secret !== null && !isEqual(authorization ?? '', `Bearer ${this.secret}`)) {
      throw new AppError('auth.required');
    }
    const { admitted, ...shown } = this.runtime.node.status;
    return { ...shown, leases: admitted.length };
  }
}

function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
