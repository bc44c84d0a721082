import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode, type FieldIssue } from '@baton/kernel';
import type { Problem } from '@baton/contracts';

/** RFC 9457 body for any thrown thing: only the table's sentence, the code and the wrong fields get out. */
export function toProblem(error: unknown, correlationId: string): Problem {
  const { code, issues } = classify(error);
  const { spec } = new AppError(code);
  return {
    type: `urn:baton:problem:${code}`,
    title: spec.say,
    status: spec.http,
    code,
    retry: spec.retry,
    correlation_id: correlationId,
    ...(issues.length === 0
      ? {}
      : { errors: issues.map(({ path, message }) => ({ field: path === '' ? 'body' : path, message })) }),
  };
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

interface Classified {
  readonly code: ErrorCode;
  readonly issues: readonly FieldIssue[];
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'request.invalid',
  401: 'auth.required',
  403: 'auth.forbidden',
  404: 'request.not_found',
  405: 'request.method_not_allowed',
  413: 'request.too_large',
  415: 'request.unsupported_media_type',
  429: 'request.too_many',
  503: 'call.unreachable',
};

/** Which Fastify parser errors mean what; the message of the rest could repeat what was sent, so none is passed on. */
const BODY_ISSUES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'must be valid JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'must not be empty',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'does not have the length that was announced',
};

function classify(error: unknown): Classified {
  if (error instanceof AppError) return { code: error.code, issues: error.issues };
  const status = statusOf(error);
  if (status === undefined) return { code: 'internal', issues: [] };
  const code = BY_STATUS[status] ?? (status >= 500 ? 'internal' : 'request.invalid');
  const message =
    BODY_ISSUES[fastifyCode(error)] ?? (error instanceof SyntaxError ? 'must be valid JSON' : undefined);
  return {
    code,
    issues: message === undefined || code !== 'request.invalid' ? [] : [{ path: 'body', message }],
  };
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

function fastifyCode(error: unknown): string {
  if (error instanceof HttpException) return fastifyCode(error.cause);
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
