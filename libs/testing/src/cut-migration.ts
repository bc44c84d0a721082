import type { MigrationClass } from '@baton/platform/database';
import type { QueryRunner } from 'typeorm';

/** The migration, of which the process dies after so many statements. Its name is the migration's own. */
export function cutAfter(migration: MigrationClass, statements: number): MigrationClass {
  return class extends migration {
    override readonly name = migration.name;

    override up(runner: QueryRunner): Promise<unknown> {
      let left = statements;
      const cut = new Proxy(runner, {
        get: (target, name, receiver) => {
          if (name === 'query' && left-- <= 0) return () => Promise.reject(new Error('killed'));
          return Reflect.get(target, name, receiver) as unknown;
        },
      });
      return super.up(cut);
    }
  };
}
