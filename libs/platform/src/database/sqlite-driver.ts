import Libsql from 'libsql';

type Statement = Libsql.Statement;

/**
 * libsql as TypeORM's `better-sqlite3`. Where libsql is given a single parameter it takes null (and any object) for a set
 * of named ones and fails: so parameters are handed over as one list, always.
 */
export class SqliteDriver extends Libsql {
  constructor(file: string, options?: Libsql.Options) {
    super(file, options);
    const prepare: (sql: string) => Statement = this.prepare.bind(this);
    this.prepare = ((sql: string) => withParameterList(prepare(sql))) as typeof this.prepare;
  }
}

/** `all` goes through `iterate`. */
function withParameterList(statement: Statement): Statement {
  const run = statement.run.bind(statement);
  const get = statement.get.bind(statement);
  const iterate = statement.iterate.bind(statement);
  statement.run = (...parameters) => run(parameters);
  statement.get = (...parameters) => get(parameters);
  statement.iterate = (...parameters) => iterate(parameters);
  return statement;
}
