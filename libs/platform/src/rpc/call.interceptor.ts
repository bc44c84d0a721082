import { timingSafeEqual } from 'node:crypto';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { RpcException, type TcpContext } from '@nestjs/microservices';
import { AppError, codeOf } from '@baton/kernel';
import { Observable } from 'rxjs';
import type { Log } from '../logging/log.ts';
import { acceptCorrelationId, runWithCorrelation } from '../logging/correlation.ts';
import { callEnvelope, type CallEnvelope } from './handle-call.ts';

/** What an error looks like on the wire between services. */
export interface CallFailure {
  readonly code: string;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  readonly correlationId: string;
}

/**
 * The edge of every call: checks the internal secret, carries the correlation id on, logs one event, and turns errors
 * into `CallFailure`. Details and causes stay in this process's log.
 */
export class CallInterceptor implements NestInterceptor {
  private readonly secret: Buffer;
  private readonly log: Log;

  constructor(secret: string, log: Log) {
    this.secret = Buffer.from(secret);
    this.log = log;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'rpc') return next.handle();
    const rpc = context.switchToRpc();
    const call = rpc.getContext<TcpContext>().getPattern();
    const envelope = callEnvelope.safeParse(rpc.getData());
    if (!envelope.success || !this.isTrusted(envelope.data)) {
      this.log.warn('call.refuse', { call });
      throw new RpcException({ code: 'call.refused', issues: [], correlationId: '' } satisfies CallFailure);
    }
    const correlationId = acceptCorrelationId(envelope.data.correlationId);
    const startedAt = performance.now();
    return new Observable((subscriber) =>
      runWithCorrelation(correlationId, () =>
        next.handle().subscribe({
          next: (value) => subscriber.next(value),
          complete: () => {
            this.log.debug('call.answer', { call, outcome: 'ok', ms: elapsed(startedAt) });
            subscriber.complete();
          },
          error: (error: unknown) => {
            this.logFailure(call, error, elapsed(startedAt));
            subscriber.error(new RpcException(toFailure(error, correlationId)));
          },
        }),
      ),
    );
  }

  private isTrusted(envelope: CallEnvelope): boolean {
    const given = Buffer.from(envelope.secret);
    return given.length === this.secret.length && timingSafeEqual(given, this.secret);
  }

  /** Refusals that are the asker's business are routine; everything at 500 and above is ours. */
  private logFailure(call: string, error: unknown, ms: number): void {
    if (error instanceof AppError && error.spec.http < 500) {
      this.log.debug('call.answer', { call, outcome: 'refused', code: error.code, ms });
    } else {
      this.log.error('call.answer', error, { call, outcome: 'failed', ms });
    }
  }
}

function elapsed(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10;
}

function toFailure(error: unknown, correlationId: string): CallFailure {
  return {
    code: codeOf(error),
    issues: error instanceof AppError ? error.issues : [],
    correlationId,
  };
}
