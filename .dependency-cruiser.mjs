/** What the linter's import rule cannot see: cycles between files, and names that say nothing. */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that import each other in a circle cannot be understood, tested or loaded one by one.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-catch-all-names',
      comment: 'A file is named for what it holds; these names hold anything.',
      severity: 'error',
      from: {},
      to: {
        path: '(^|/)(utils?|helpers?|common|shared|misc|base|manager|handler|impl)(/|\\.tsx?$)',
        pathNot: 'node_modules',
      },
    },
    {
      name: 'no-foreign-tables',
      comment: "A feature may use another feature's service, never its entity or repository.",
      severity: 'error',
      from: {
        path: '^apps/([^/]+)/src/([^/]+)/',
        // Not features: modules, test harnesses and migrations put the parts of several together. And an image request
        // is one feature from its row to its picture: rendering/ moves that row through its states, images/ shows it.
        // A batch and a chat between models are chats of a kind: batches/ and dialogues/ move the same rows on.
        pathNot:
          '\\.(module|(int-)?spec)\\.ts$|/(migrations|testing)/|^apps/image-service/src/rendering/|^apps/chat-service/src/(batches|dialogues)/',
      },
      to: { path: '^apps/$1/src/[^/]+/.*\\.(entity|repository)\\.ts$', pathNot: '^apps/$1/src/$2/' },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@baton/source', 'import', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
  },
};
