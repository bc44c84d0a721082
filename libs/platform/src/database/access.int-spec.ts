import { describe, expect, test } from '@jest/globals';
import { DIALECTS, openTestDatabase } from '@baton/testing';
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { read, write } from './access.ts';
import type { Schema } from './database.ts';

class Notes1795000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({ name: 'notes', columns: [{ name: 'id', type: 'int', isPrimary: true }] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('notes');
  }
}

const schema: Schema = { owner: 'notes', entities: () => [], migrations: [Notes1795000000000] };
const WRITERS = 20;

/** As a driver that does not wait. */
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe.each(DIALECTS)('writers in %s', (dialect) => {
  test('each has a transaction of its own, and a failed one takes nothing else with it', async () => {
    const { source, close } = await openTestDatabase(schema, dialect);
    const add = (id: number): Promise<void> =>
      write(source, async (manager) => {
        await manager.query('INSERT INTO notes (id) VALUES (?)', [id]);
        if (id % 3 === 0) throw new Error('on second thoughts');
      });
    const ended = await Promise.allSettled(Array.from({ length: WRITERS }, (_, at) => add(at + 1)));
    const stored: { id: number }[] = await read(source, (manager) =>
      manager.query('SELECT id FROM notes ORDER BY id'),
    );
    await close();
    const kept = Array.from({ length: WRITERS }, (_, at) => at + 1).filter((id) => id % 3 !== 0);
    expect(stored.map(({ id }) => id)).toEqual(kept);
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(WRITERS - kept.length);
  });

  test('a crowd of them holds up nothing else', async () => {
    const { source, close } = await openTestDatabase(schema, dialect);
    let loopTurn = 0;
    let isOver = false;
    const count = (): void => {
      loopTurn += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const turnsOfWriters = await Promise.all(
      Array.from({ length: WRITERS }, (_, id) =>
        write(source, async (manager) => {
          await manager.query('INSERT INTO notes (id) VALUES (?)', [id]);
          work(4);
          return loopTurn;
        }),
      ),
    );
    isOver = true;
    await close();
    // After 10 ms of them everything else had its turn, heartbeats for one.
    const inOneTurn = turnsOfWriters.map((turn) => turnsOfWriters.filter((other) => other === turn).length);
    if (dialect === 'sqlite') expect(Math.max(...inOneTurn)).toBeLessThanOrEqual(3);
    expect(loopTurn).toBeGreaterThan(1);
  });
});
