import type { LoggerService } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { destination as pinoDestination, pino, type Logger } from 'pino';
import { currentCorrelationId } from './correlation.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * One wide event per unit of work: `op` is `noun.verb`, fields are flat. Never a prompt, a token or a key: callers pass
 * ids and measures only.
 */
export class Log {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  event(op: string, fields: LogFields = {}): void {
    this.logger.info({ op, ...fields });
  }

  warn(op: string, fields: LogFields = {}): void {
    this.logger.warn({ op, ...fields });
  }

  debug(op: string, fields: LogFields = {}): void {
    this.logger.debug({ op, ...fields });
  }

  /** Logged once, where the error is translated for somebody else or where nobody else will hear of it. */
  error(op: string, error: unknown, fields: LogFields = {}): void {
    this.logger.error({ op, ...fields, ...describeError(error) });
  }
}

/** What a log may know of an error: code, details, the chain of causes with their stacks. */
export function describeError(error: unknown): LogFields {
  if (error instanceof AppError) {
    return {
      code: error.code,
      details: error.details,
      ...(error.cause === undefined ? {} : { cause: serializeCause(error.cause) }),
    };
  }
  return { code: 'internal', cause: serializeCause(error) };
}

/** Deeper chains are cut: the first causes tell what happened. */
const MAX_CAUSES = 5;

/**
 * Named fields only. Errors of drivers and HTTP clients carry statements with their values, request bodies and headers
 * as further properties: people's words, which have no place in a log.
 */
function serializeCause(cause: unknown, depth = 0): unknown {
  if (cause instanceof AppError) return describeError(cause);
  if (!(cause instanceof Error)) return typeof cause;
  const code: unknown = 'code' in cause ? cause.code : undefined;
  return {
    type: cause.name,
    message: cause.message,
    stack: cause.stack,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: serializeCause(cause.cause, depth + 1) }),
  };
}

export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":${Date.now()}`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const id = currentCorrelationId();
        return id === undefined ? {} : { correlationId: id };
      },
    },
    pinoDestination({ dest: 1, sync: true }),
  );
}

/** Nest's own messages, quieter: routine ones only at debug level. */
export class NestLog implements LoggerService {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  log(message: unknown, context?: string): void {
    this.logger.debug({ op: 'nest.log', context, msg: String(message) });
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ op: 'nest.warn', context, msg: String(message) });
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ op: 'nest.error', msg: String(message), rest: rest.map(String) });
  }
}
