/** Apart from the rest of the platform: services without tables do not pay for an ORM in memory and start-up. */
export {
  booleanType,
  dialectOf,
  epochMs,
  exactText,
  integerType,
  jsonColumn,
  longText,
  type Dialect,
} from './columns.ts';
export {
  databaseConfig,
  databaseEnv,
  openDatabase,
  type DatabaseConfig,
  type MigrationClass,
  type OpenDatabase,
  type Schema,
} from './database.ts';
export { read, write } from './access.ts';
export { DatabaseModule, type DatabaseModuleOptions } from './database.module.ts';
export { PlainTable } from './plain-table.ts';
export {
  addMissingColumns,
  createMissingIndices,
  createMissingTables,
  dropIndexIfThere,
} from './what-is-missing.ts';
