import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

interface Plant {
  readonly file: string;
  readonly source: string;
  readonly rule: string;
}

/** What must never pass. The files are nowhere but here. */
const PLANTS: readonly Plant[] = [
  {
    file: 'libs/contracts/src/planted-violation.ts',
    source: "import { loadConfig } from '@baton/platform';\nexport const planted = typeof loadConfig;\n",
    rule: '@nx/enforce-module-boundaries',
  },
  {
    file: 'libs/contracts/src/planted-package.ts',
    source: "import { Injectable } from '@nestjs/common';\nexport const planted = typeof Injectable;\n",
    rule: '@nx/enforce-module-boundaries',
  },
  {
    file: 'apps/gpu-scheduler/src/core/planted-clock.ts',
    source: 'export const planted = (): number => Date.now();\n',
    rule: 'no-restricted-syntax',
  },
  {
    file: 'apps/gpu-scheduler/src/core/planted-import.ts',
    source: "import { Redis } from 'ioredis';\nexport const planted = typeof Redis;\n",
    rule: 'no-restricted-imports',
  },
];

/**
 * Breaks the import rules on purpose, in texts that are linted as if they were files there: the import rule warns and checks
 * nothing when it has no project graph, and a block of the configuration may replace another one. Resolves with what went
 * unnoticed; empty is good.
 */
export async function findUnnoticedViolations(root: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: root,
    // A file that is not there has no types, and none of these rules asks for any.
    overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }],
  });
  const unnoticed: string[] = [];
  for (const { file, source, rule } of PLANTS) {
    const results = await eslint.lintText(source, { filePath: file });
    const rules = results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
    if (!rules.includes(rule)) unnoticed.push(`${rule} let ${file} pass`);
  }
  return unnoticed;
}
