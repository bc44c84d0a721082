import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, type ErrorCode } from '@baton/kernel';
import type { ConnectionError, FastifyError } from 'fastify';
import { correlationId } from '../logging/correlation.ts';
import { PROBLEM_CONTENT_TYPE, toProblem } from './problem.ts';

/** What Node says of a request that it could not read to its end; everything else is no HTTP. */
const UNREADABLE: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request.timeout',
  HPE_HEADER_OVERFLOW: 'request.too_large',
};

/** A Fastify reply, whichever protocol its server speaks. */
interface AnyReply {
  readonly raw: {
    writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
    end(body: string): unknown;
  };
}

/**
 * For the options of a Fastify server: problem+json for what never gets as far as a route or a filter. Left alone,
 * Fastify answers these in a shape of its own, and repeats an address that it cannot decode.
 */
export const unroutedAnswers = {
  frameworkErrors(error: FastifyError, _request: unknown, reply: AnyReply): void {
    const id = correlationId();
    const problem = toProblem(error, id);
    reply.raw.writeHead(problem.status, {
      'content-type': PROBLEM_CONTENT_TYPE,
      'x-content-type-options': 'nosniff',
      'x-correlation-id': id,
    });
    reply.raw.end(JSON.stringify(problem));
  },

  clientErrorHandler(error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const id = correlationId();
    const problem = toProblem(new AppError(UNREADABLE[error.code] ?? 'request.invalid'), id);
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n` +
        `content-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `x-content-type-options: nosniff\r\nx-correlation-id: ${id}\r\nconnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  },
} as const;
