import { createMissingTables, dialectOf } from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

/** Accounts and their refresh tokens. */
export class Accounts1763600000000 implements MigrationInterface {
  name = 'Accounts1763600000000';

  async up(runner: QueryRunner): Promise<void> {
    const { integer, exact, id } = columnsFor(runner);
    await createMissingTables(runner, [
      new Table({
        name: 'users',
        columns: [
          id,
          { name: 'seat', type: integer },
          { name: 'username', type: 'varchar', length: '64' },
          { name: 'username_key', type: 'varchar', length: '128', ...exact },
          { name: 'email', type: 'varchar', length: '254', isNullable: true },
          { name: 'email_key', type: 'varchar', length: '254', isNullable: true, ...exact },
          { name: 'password_hash', type: 'varchar', length: '255' },
          { name: 'role', type: 'varchar', length: '16' },
          { name: 'locale', type: 'varchar', length: '8', isNullable: true },
          { name: 'disabled_at_ms', type: 'bigint', isNullable: true },
          { name: 'token_version', type: integer },
          { name: 'created_at_ms', type: 'bigint' },
        ],
        indices: [
          { name: 'uq_users_seat', columnNames: ['seat'], isUnique: true },
          { name: 'uq_users_username_key', columnNames: ['username_key'], isUnique: true },
          { name: 'uq_users_email_key', columnNames: ['email_key'], isUnique: true },
        ],
      }),
      new Table({
        name: 'refresh_tokens',
        columns: [
          id,
          { name: 'user_id', type: integer },
          { name: 'family_id', type: 'varchar', length: '36', ...exact },
          { name: 'token_hash', type: 'varchar', length: '64', ...exact },
          { name: 'created_at_ms', type: 'bigint' },
          { name: 'expires_at_ms', type: 'bigint' },
          { name: 'replaced_at_ms', type: 'bigint', isNullable: true },
        ],
        foreignKeys: [
          {
            name: 'fk_refresh_tokens_user',
            columnNames: ['user_id'],
            referencedTableName: 'users',
            referencedColumnNames: ['id'],
            onDelete: 'CASCADE',
            onUpdate: 'RESTRICT',
          },
        ],
        indices: [
          { name: 'uq_refresh_tokens_hash', columnNames: ['token_hash'], isUnique: true },
          { name: 'ix_refresh_tokens_family', columnNames: ['family_id'] },
          { name: 'ix_refresh_tokens_user', columnNames: ['user_id'] },
          { name: 'ix_refresh_tokens_expiry', columnNames: ['expires_at_ms'] },
        ],
      }),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('refresh_tokens');
    await runner.dropTable('users');
  }
}

function columnsFor(runner: QueryRunner) {
  const isMysql = dialectOf(runner.dataSource) === 'mysql';
  const integer = isMysql ? 'int' : 'integer';
  const exact = isMysql ? { collation: 'utf8mb4_bin' } : {};
  const id: TableColumnOptions = {
    name: 'id',
    type: integer,
    isPrimary: true,
    isGenerated: true,
    generationStrategy: 'increment',
  };
  return { integer, exact, id };
}
