import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * The import rule needs Nx's project graph; without a cached one it prints a warning and checks nothing. `npm test`
 * makes the graph first, and plants a violation to see that it is caught.
 *
 * In a flat config a later block that sets the same rule replaces the earlier one, so the blocks below build their
 * settings from these parts, and the one for `core/` comes last.
 */

const TESTS = [
  '**/*.spec.ts',
  '**/*.int-spec.ts',
  '**/*.system-spec.ts',
  '**/*.browser-spec.ts',
  '**/src/testing/**',
  // All of it drives a stack from outside.
  'apps/system-tests/src/**',
];
const ASIDE_FROM_TESTS = { testing: [], libraries: [] };
const IN_TESTS = { testing: ['type:testing'], libraries: ['@jest/globals', 'fast-check'] };

/** HOUSE-STYLE, "What may import what": a lib is told apart by what it may import. */
function importTable({ testing, libraries }) {
  const may = (sourceTag, tags, more = {}) => ({
    sourceTag,
    onlyDependOnLibsWithTags: [...tags, ...testing],
    ...more,
  });
  const wire = ['@nestjs/*', 'bullmq', 'ioredis', 'typeorm', 'mysql2', 'axios', 'ollama'];
  return [
    may('type:app', ['type:contracts', 'type:kernel', 'type:platform', 'type:gpu-lease', 'type:api-client']),
    may('type:gpu-lease', ['type:contracts', 'type:kernel', 'type:platform']),
    may('type:api-client', ['type:contracts', 'type:kernel', 'type:platform']),
    may('type:platform', ['type:contracts', 'type:kernel']),
    may('type:contracts', ['type:kernel'], { bannedExternalImports: wire }),
    may(
      'type:kernel',
      [],
      libraries.length > 0 ? { allowedExternalImports: libraries } : { bannedExternalImports: ['*'] },
    ),
    may('type:testing', ['type:contracts', 'type:kernel', 'type:platform']),
    // Benchmarks use the GPU as the services do.
    may('type:tool', ['type:contracts', 'type:kernel', 'type:platform', 'type:gpu-lease']),
    may('runtime:browser', ['runtime:any']),
    may('runtime:any', ['runtime:any']),
    may('runtime:node', ['runtime:any', 'runtime:node']),
  ];
}

function moduleBoundaries(where) {
  return {
    '@nx/enforce-module-boundaries': [
      'error',
      { enforceBuildableLibDependency: false, allow: [], depConstraints: importTable(where) },
    ],
  };
}

const NO_ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only config.ts reads the environment; take what you need as an option.',
};
const NO_ENUM = { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' };
const NO_DEFAULT_EXPORT = { selector: 'ExportDefaultDeclaration', message: 'Export by name.' };
const NO_CLOCK = {
  selector:
    "NewExpression[callee.name='Date'], CallExpression[callee.object.name='Date'][callee.property.name='now']",
  message: 'core/ is pure: the time comes in as an argument.',
};
const NO_CHANCE = {
  selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
  message: 'core/ is pure: chance comes in as an argument.',
};

const CORE_IMPORTS = 'core/ is pure: it imports only itself and @baton/kernel.';
const coreImports = (allowed) => ({
  'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!${allowed})`, message: CORE_IMPORTS }] }],
});

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.baton/**',
      'libs/api-client/src/generated/**',
      'libs/api-client/openapi-ts.config.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.check.json',
          './tools/tsconfig.json',
          './apps/web/tsconfig.json',
          './apps/web/tsconfig.node.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      ...moduleBoundaries(ASIDE_FROM_TESTS),
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A Nest module is a class with nothing but its decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest and TypeORM declare the shapes of their option objects as classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // The reason of an abort signal may be anything.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      // Ports are asynchronous although a fake or a simple adapter may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT_EXPORT, NO_ENVIRONMENT],
    },
  },
  {
    // What starts other programs hands the environment on; only services read their settings from it.
    files: [
      'tools/**/*.ts',
      '**/config.ts',
      'libs/platform/src/config/*.ts',
      'libs/testing/**/*.ts',
      ...TESTS,
    ],
    rules: { 'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT_EXPORT] },
  },
  {
    files: ['**/vite.config.ts'],
    rules: { 'no-restricted-syntax': ['error', NO_ENUM] },
  },
  {
    files: TESTS,
    rules: {
      ...moduleBoundaries(IN_TESTS),
      // Matchers such as expect.stringContaining() are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // expect(object.method) looks at the method, it does not call it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['apps/*/src/core/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT_EXPORT, NO_ENVIRONMENT, NO_CLOCK, NO_CHANCE],
      ...coreImports('\\.\\.?/|@baton/kernel$'),
    },
  },
  {
    // Directly in core/, one step up is outside.
    files: ['apps/*/src/core/*.ts'],
    ignores: TESTS,
    rules: coreImports('\\./|@baton/kernel$'),
  },
  prettier,
);
