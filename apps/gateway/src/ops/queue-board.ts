import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { gpuQueueName } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import {
  PROBLEM_CONTENT_TYPE,
  correlationId,
  toProblem,
  type Log,
  type RedisConnections,
} from '@baton/platform';
import { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import { OPS_COOKIE, OPS_PATH, type OpsPasses } from './ops-pass.service.ts';

const BOARD_PATH = `${OPS_PATH}/queues`;
/** The page asks for a typeface from elsewhere, which our rules refuse: without the request there is no refusal to see. */
const FOREIGN_LINK = /<link href="https?:\/\/[^>]*>\s*/g;

export interface QueueBoardParts {
  readonly redis: RedisConnections;
  readonly passes: OpsPasses;
  readonly log: Log;
  readonly nodes: readonly string[];
}

/**
 * Bull Board over the GPU queues, to look at: only the leading scheduler may move jobs, so whatever would change a queue
 * is refused, here as well as by the board itself.
 */
export async function serveQueueBoard(
  server: FastifyInstance,
  { redis, passes, log, nodes }: QueueBoardParts,
): Promise<void> {
  const connection = redis.bullmq('queue-board');
  const queues = nodes.map((node) => new Queue(gpuQueueName(node), { connection, skipMetasUpdate: true }));
  // The connection tells of an outage; without a listener an error here would end the process.
  for (const queue of queues) queue.on('error', () => undefined);
  const adapter = new FastifyAdapter();
  adapter.setBasePath(BOARD_PATH);
  createBullBoard({
    serverAdapter: adapter,
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })),
    options: { uiConfig: { boardTitle: 'Baton', hideRedisDetails: true } },
  });
  // In place of the board's own, which repeats what went wrong to whoever asked.
  adapter.setErrorHandler((error) => {
    const problem = toProblem(error, correlationId());
    if (problem.status >= 500) log.error('queue_board.fail', error);
    return { status: problem.status as 500, body: problem };
  });
  await server.register(
    async (scope) => {
      scope.addHook('onRequest', async (request) => {
        if (!(await passes.isGood(request.cookies[OPS_COOKIE]))) throw new AppError('auth.ops_pass_required');
        if (!['GET', 'HEAD'].includes(request.method)) throw new AppError('request.method_not_allowed');
      });
      scope.addHook('onSend', async (_request, reply, payload) => {
        if (typeof payload !== 'string') return payload;
        if (payload.startsWith('{"type":"urn:baton:'))
          void reply.header('content-type', PROBLEM_CONTENT_TYPE);
        const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
        return isPage ? payload.replace(FOREIGN_LINK, '') : payload;
      });
      await scope.register(adapter.registerPlugin());
    },
    { prefix: BOARD_PATH },
  );
  server.addHook('onClose', async () => {
    await Promise.allSettled(queues.map((queue) => queue.close()));
  });
}
