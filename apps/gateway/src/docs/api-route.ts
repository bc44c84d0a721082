import { HttpCode, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERRORS, isErrorCode, type ErrorCode } from '@baton/kernel';
import type { Problem } from '@baton/contracts';
import type { z } from 'zod';
import { Public, Roles } from '../auth/access.ts';

/** What a route answers when all is well. Without a schema and media types the answer has no body. */
export interface RouteAnswer {
  readonly status: number;
  readonly description: string;
  readonly schema?: z.ZodType;
  /** For answers that are not just JSON: media type to the component that describes it, or one event; null is bytes. */
  readonly media?: Readonly<Record<string, string | null>>;
}

export interface RouteDocs {
  /** `chats_list`: stable, generated clients are named after it. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: 'public' | 'user' | 'admin';
  readonly answers: readonly RouteAnswer[];
  /** What can go wrong here beyond what every route of this access can answer. */
  readonly errors: readonly ErrorCode[];
}

/** A route with a JSON body. */
export const BODY_ERRORS = [
  'request.invalid',
  'request.too_large',
  'request.unsupported_media_type',
] as const satisfies readonly ErrorCode[];
/** A route that asks another service. */
export const CALL_ERRORS = ['call.unreachable', 'call.timeout'] as const satisfies readonly ErrorCode[];

const EVERYWHERE: readonly ErrorCode[] = ['request.too_many', 'internal'];
const WITH_TOKEN: readonly ErrorCode[] = ['auth.required', 'auth.token_expired', 'auth.account_disabled'];

/** One route: who may use it and what it answers, in the document and in force. The first answer's status is Nest's. */
export function ApiRoute(docs: RouteDocs): MethodDecorator {
  const codes = new Set<ErrorCode>([
    ...docs.errors,
    ...(docs.access === 'public' ? [] : WITH_TOKEN),
    ...(docs.access === 'admin' ? (['auth.forbidden'] as const) : []),
    ...EVERYWHERE,
  ]);
  return applyDecorators(
    ApiOperation({
      operationId: docs.id,
      summary: docs.summary,
      ...(docs.description === undefined ? {} : { description: docs.description }),
    }),
    ...docs.answers.map(answerDecorator),
    ...problemDecorators([...codes]),
    HttpCode(docs.answers[0]?.status ?? 200),
    ...accessDecorators(docs.access),
  );
}

function accessDecorators(access: RouteDocs['access']): MethodDecorator[] {
  if (access === 'public') return [Public()];
  return access === 'admin' ? [ApiBearerAuth('token'), Roles('admin')] : [ApiBearerAuth('token')];
}

function answerDecorator({ status, description, schema, media }: RouteAnswer): MethodDecorator {
  if (media !== undefined) {
    const content = Object.fromEntries(
      Object.entries(media).map(([type, component]) => [
        type,
        {
          schema:
            component === null ? { type: 'string', format: 'binary' } : { $ref: getSchemaPath(component) },
        },
      ]),
    );
    return ApiResponse({ status, description, content });
  }
  return ApiResponse({ status, description, ...(schema === undefined ? {} : { standardSchema: schema }) });
}

/** One response for each status, with an example for each code that comes with it. */
function problemDecorators(codes: readonly ErrorCode[]): MethodDecorator[] {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].http);
  return [...byStatus].map(([status, sameStatus]) =>
    ApiResponse({
      status,
      description: sameStatus.map((code) => `\`${code}\`: ${ERRORS[code].say}`).join('\n\n'),
      content: {
        'application/problem+json': {
          schema: { $ref: getSchemaPath('Problem') },
          examples: Object.fromEntries(
            sameStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    }),
  );
}

/** The error body of each code, as the document's examples. */
export function problemExamples(): Record<string, { readonly value: Problem }> {
  const codes = Object.keys(ERRORS).filter(isErrorCode);
  return Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }]));
}

function exampleOf(code: ErrorCode): Problem {
  const { http, retry, say } = ERRORS[code];
  return {
    type: `urn:baton:problem:${code}`,
    title: say,
    status: http,
    code,
    retry,
    correlation_id: '0f9c2a53-5f0e-4b42-9f57-0d5d9d3c8a11',
    ...(code === 'request.invalid' ? { errors: [{ field: 'content', message: 'must not be empty' }] } : {}),
  };
}
