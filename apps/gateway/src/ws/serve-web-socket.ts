import websocket from '@fastify/websocket';
import { WEBSOCKET_PATH } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { PROBLEM_CONTENT_TYPE, acceptCorrelationId, correlationId, toProblem } from '@baton/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isOwnOrigin } from '../auth/own-origin.ts';
import type { RequestLimits } from '../limits/request-limits.service.ts';
import type { EventSockets } from './event-sockets.service.ts';

/** The longest message is an access token. */
const MAX_MESSAGE_BYTES = 16_384;

export interface WebSocketParts {
  readonly sockets: EventSockets;
  readonly requests: RequestLimits;
  readonly allowedOrigins: readonly string[];
}

/** The WebSocket route. Before the upgrade: pages of other sites are refused, and connections of an address counted. */
export async function serveWebSocket(
  server: FastifyInstance,
  { sockets, requests, allowedOrigins }: WebSocketParts,
): Promise<void> {
  const allowed = new Set(allowedOrigins);
  await server.register(websocket, {
    // Compression costs memory for each connection, and tokens are small.
    options: { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false },
    // After an error of the protocol it says goodbye with the code for it; only a failure of ours leaves it open.
    errorHandler: (_error, socket) => {
      if (socket.readyState === socket.OPEN) socket.terminate();
    },
  });
  server.get(
    WEBSOCKET_PATH,
    {
      websocket: true,
      errorHandler: (error, _request, reply) => {
        const problem = toProblem(error, correlationId());
        void reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).send(problem);
      },
      onRequest: async (request) => {
        const { origin } = request.headers;
        if (origin !== undefined && !isOwnOrigin(origin, request, allowed)) {
          throw new AppError('auth.foreign_origin');
        }
        await requests.count({ userId: undefined, address: request.ip });
      },
    },
    (socket, request) => {
      sockets.accept(socket, {
        address: request.ip,
        correlationId: acceptCorrelationId(request.headers['x-correlation-id']),
        token: bearerOf(request),
      });
    },
  );
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
}
