import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

interface Plant {
  readonly file: string;
  readonly source: string;
  readonly rule: string;
}

/** What must never pass. The file names say what they are, should a crash leave one behind. */
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

const report = z.array(
  z.object({ filePath: z.string(), messages: z.array(z.object({ ruleId: z.string().nullable() })) }),
);

/**
 * Breaks the import rules on purpose and lints: the import rule warns and checks nothing when it has no project graph,
 * and a block of the configuration may replace another one. Resolves with what went unnoticed; empty is good.
 */
export async function findUnnoticedViolations(root: string): Promise<string[]> {
  const uproot: (() => void)[] = [];
  try {
    for (const plant of PLANTS) uproot.push(put(join(root, plant.file), plant.source));
    const found = await lint(
      root,
      PLANTS.map(({ file }) => file),
    );
    return PLANTS.filter(({ file, rule }) => !found.get(join(root, file))?.includes(rule)).map(
      ({ file, rule }) => `${rule} let ${file} pass`,
    );
  } finally {
    for (const undo of uproot.toReversed()) undo();
  }
}

/** Writes a file and returns what takes it away again, with the folder that was made for it. */
function put(file: string, source: string): () => void {
  const folder = dirname(file);
  const isNewFolder = !existsSync(folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, source);
  return () => {
    rmSync(file, { force: true });
    if (isNewFolder) rmdirSync(folder);
  };
}

/** The rules that each file broke. */
async function lint(root: string, files: readonly string[]): Promise<Map<string, (string | null)[]>> {
  const eslint = join(root, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [eslint, '--format', 'json', ...files],
      { cwd: root },
      (error, stdout, stderr) => {
        // Exit code 1 is "found something", which is what is wanted here.
        if (error === null || error.code === 1) resolve(stdout);
        else reject(new Error(stderr, { cause: error }));
      },
    );
  });
  return new Map(
    report
      .parse(JSON.parse(output))
      .map(({ filePath, messages }) => [filePath, messages.map(({ ruleId }) => ruleId)]),
  );
}
