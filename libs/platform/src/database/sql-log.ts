import type { Logger } from 'typeorm';
import type { Log } from '../logging/log.ts';

/**
 * `LOG_SQL=true`: statements as they are prepared. Their values are people's words and stay out of the log. Without an
 * output it says nothing: TypeORM tells a logger of one's own everything, whatever its option `logging` says.
 */
export class SqlLog implements Logger {
  private readonly output: Log | null;

  constructor(output: Log | null) {
    this.output = output;
  }

  logQuery(query: string): void {
    this.output?.event('sql.query', { query });
  }

  logQueryError(_error: string | Error, query: string): void {
    this.output?.warn('sql.fail', { query });
  }

  logQuerySlow(time: number, query: string): void {
    this.output?.warn('sql.slow', { query, ms: time });
  }

  logSchemaBuild(message: string): void {
    this.output?.event('sql.schema', { message });
  }

  logMigration(message: string): void {
    this.output?.event('sql.migration', { message });
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    this.output?.debug('sql.note', { level, message: String(message) });
  }
}
