import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import {
  askAnswer,
  batchLine,
  dialogue,
  dialogueEvent,
  gpuStatus,
  planEvent,
  problem,
  pull,
  queueView,
  replyEvent,
  sentMessage,
  turnEvent,
} from '@baton/contracts';
import { z } from 'zod';
import { problemExamples } from './api-route.ts';
import { standardSchemaConverter, toOpenApiSchema } from './schema-conversion.ts';

/** Schemas that no decorator carries: error bodies, and what the event streams send as `data`. */
const EXTRA_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Problem: problem,
  ReplyEvent: replyEvent.meta({ id: 'ReplyEvent', example: { type: 'text', text: 'Use a primer first.' } }),
  SentReplyEvent: z.union([sentMessage, replyEvent]).meta({ id: 'SentReplyEvent' }),
  AskAnswer: askAnswer,
  AskEvent: z.union([sentMessage, planEvent, replyEvent]).meta({ id: 'AskEvent' }),
  Dialogue: dialogue,
  DialogueEvent: z.union([dialogueEvent, turnEvent, replyEvent]).meta({ id: 'DialogueEvent' }),
  BatchLine: batchLine,
  StartedPullEvent: z.union([pull, replyEvent]).meta({ id: 'StartedPullEvent' }),
  GpuFeedEvent: z.union([gpuStatus, queueView]).meta({ id: 'GpuFeedEvent' }),
};

const TAGS = [
  ['Auth', 'Accounts and logins'],
  ['Chats', 'Conversations and their messages'],
  ['Replies', 'What the model answers: waiting, streaming, stopping'],
  ['One-shot chat', 'Questions without a chat, and sessions'],
  ['Chats between models', 'Models that talk to each other'],
  ['Batches', 'Many questions at once'],
  ['Models', 'Which models can answer'],
  ['Images', 'Pictures from descriptions'],
  ['GPU', 'Who holds the GPU and who waits'],
  ['Ops', 'Health and metrics'],
] as const;

const DESCRIPTION =
  'Chat and images over one shared GPU. Send `Authorization: Bearer <access_token>`. Errors are RFC 9457 ' +
  'problem details with a stable `code`; `retry` says whether it is worth trying again. Every answer carries ' +
  '`X-Correlation-Id`: quote it when you report a problem. The events of replies can also be followed over a WebSocket ' +
  'at `/api/ws`, which is described in `docs/api-websocket.md`.';

/**
 * The OpenAPI document of all routes of `module`, made from decorators and schemas alone: in Nest's preview nothing is
 * instantiated, so neither Redis nor a database is needed, and there is nothing to close.
 */
export async function describeApi(module: DynamicModule): Promise<OpenAPIObject> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  return withExtraSchemas(SwaggerModule.createDocument(app, header(), { standardSchemaConverter }));
}

function header(): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Baton')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This installation')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'token')
    .addCookieAuth('baton_refresh', { type: 'apiKey', in: 'cookie' }, 'refresh');
  for (const [name, description] of TAGS) builder.addTag(name, description);
  return builder.build();
}

function withExtraSchemas(document: OpenAPIObject): OpenAPIObject {
  const extra = Object.values(EXTRA_SCHEMAS).map((schema) => toOpenApiSchema(schema, 'output').components);
  const schemas = Object.assign({}, document.components?.schemas, ...extra) as Record<string, object>;
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...document,
    components: { ...document.components, schemas: sorted, examples: usedExamples(document) },
  };
}

/** The examples that some route refers to; the table holds codes that never reach a client as well. */
function usedExamples(document: OpenAPIObject): ReturnType<typeof problemExamples> {
  const text = JSON.stringify(document.paths);
  const used = Object.entries(problemExamples()).filter(([code]) =>
    text.includes(`"#/components/examples/${code}"`),
  );
  return Object.fromEntries(used);
}

/** The document as the file in the repository holds it. */
export function serializeDocument(document: OpenAPIObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
