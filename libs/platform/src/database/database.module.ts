import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HealthChecks } from '../health/health-checks.ts';
import { Log } from '../logging/log.ts';
import { openDatabase, type DatabaseConfig, type Schema } from './database.ts';

export interface DatabaseModuleOptions {
  readonly schema: Schema;
  readonly config: DatabaseConfig;
  readonly logSql: boolean;
}

class DatabaseCloser implements OnApplicationShutdown {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

/** Provides the service's `DataSource`, migrated, and closes it at the end. */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseModuleOptions): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        {
          provide: DataSource,
          inject: [Log, HealthChecks],
          useFactory: async (log: Log, health: HealthChecks) => {
            const source = await openDatabase({ ...options, log });
            health.add('database', async () => {
              await source.query('SELECT 1');
            });
            return source;
          },
        },
        {
          provide: DatabaseCloser,
          inject: [DataSource],
          useFactory: (source: DataSource) => new DatabaseCloser(source),
        },
      ],
      exports: [DataSource],
    };
  }
}
