import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, correlationId, toProblem } from '@baton/platform';

/** Answers with problem+json and closes the connection: the rest of a body that nobody wants is not read. */
export function answerProblem(response: ServerResponse, error: unknown): void {
  const { status, body } = problemOf(error);
  response.writeHead(status, {
    'content-type': PROBLEM_CONTENT_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** The same on a connection that asked for an upgrade and has no response object. */
export function answerProblemOnSocket(socket: Duplex, error: unknown): void {
  const { status, body } = problemOf(error);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function problemOf(error: unknown): { status: number; body: string } {
  const problem = toProblem(error, correlationId());
  return { status: problem.status, body: JSON.stringify(problem) };
}
