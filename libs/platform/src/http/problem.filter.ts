import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { AppError } from '@baton/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { correlationId } from '../logging/correlation.ts';
import type { Log } from '../logging/log.ts';
import { PROBLEM_CONTENT_TYPE, toProblem } from './problem.ts';

/**
 * The last edge. Over HTTP every error becomes problem+json, and what is our own fault is logged here, once. Over calls
 * the interceptor has made the failure already; what did not pass it is passed on without a word about the inside.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() === 'rpc') return throwError(() => this.callFailure(error));
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    const problem = toProblem(error, correlationId());
    if (problem.status >= 500) {
      this.log.error('http.fail', error, {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
      });
    }
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return undefined;
    }
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    const wait = error instanceof AppError ? error.details['retryAfterSeconds'] : undefined;
    if (typeof wait === 'number') void reply.header('retry-after', String(Math.max(1, Math.ceil(wait))));
    void reply.status(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).send(problem);
    return undefined;
  }

  private callFailure(error: unknown): unknown {
    if (error instanceof RpcException) return error.getError();
    this.log.error('call.fail', error);
    return { code: 'internal', issues: [], correlationId: correlationId() };
  }
}
