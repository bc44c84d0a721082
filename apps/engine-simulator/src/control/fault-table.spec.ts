import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CARD_FAULTS } from '../card/start.ts';
import { COMFYUI_FAULTS } from '../comfyui/settings.ts';
import { OLLAMA_FAULTS } from '../ollama/settings.ts';
import type { FaultTable } from './faults.ts';

const TABLES: Readonly<Record<string, FaultTable>> = {
  card: CARD_FAULTS,
  ollama: OLLAMA_FAULTS,
  comfyui: COMFYUI_FAULTS,
};

test('the README has every fault, with what it does and what can be set, and no other', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| (card|ollama|comfyui) +\| `(\w+)` +\| (.+?) +\| (.*?) *\|$/gm)];
  const written = rows.map(([, role, name, says, params]) => [role, name, says, params].join(' | '));
  const declared = Object.entries(TABLES).flatMap(([role, table]) =>
    Object.entries(table).map(([name, { says, params }]) => {
      const names = Object.keys(params).map((param) => `\`${param}\``);
      return [role, name, says, names.join(', ')].join(' | ');
    }),
  );
  expect(written.sort()).toEqual(declared.sort());
});
