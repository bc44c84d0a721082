/** Run it through `node tools/jest.mjs`, which gives Node the flags Jest needs for ES modules. */

const project = (displayName, testRegex) => ({
  displayName,
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools'],
  testRegex: [testRegex],
  modulePathIgnorePatterns: ['/dist/', '/\\.nx/', '/\\.baton/'],
  // Set by `npm run test:nightly`: how many random traces each property of the scheduler's core is tried on.
  globals: { BATON_TRACES: Number(process.env.BATON_TRACES ?? 0) },
  testEnvironment: '<rootDir>/tools/testing/leak-checking-environment.mjs',
  // The libs' own sources, not their built output: a test never sees a stale build.
  testEnvironmentOptions: { customExportConditions: ['@baton/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          target: 'es2024',
          transform: { legacyDecorator: true, decoratorMetadata: true, verbatimModuleSyntax: true },
        },
        sourceMaps: 'inline',
      },
    ],
  },
});

export default {
  // As tools/jest.mjs reckons for the kinds of tests that it runs; `--maxWorkers` on the command line goes first.
  maxWorkers: Number(process.env.BATON_TEST_WORKERS ?? 2),
  testSequencer: '<rootDir>/tools/testing/longest-first.mjs',
  projects: [
    project('unit', '\\.spec\\.ts$'),
    project('integration', '\\.int-spec\\.ts$'),
    project('system', '\\.system-spec\\.ts$'),
    project('browser', '\\.browser-spec\\.ts$'),
  ],
};
