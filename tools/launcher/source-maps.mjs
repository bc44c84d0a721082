import { setSourceMapsSupport } from 'node:module';

// Stacks that name the TypeScript line, in our own code only: --enable-source-maps reads the maps of all packages too,
// which costs time at every start and memory ever after.
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
