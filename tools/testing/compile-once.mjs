/**
 * Jest gives every test file modules of its own and has V8 read the same sources anew for each of them: its own, zod's,
 * Nest's. Here a worker reads a source once and goes by what came of it from then on. Nothing else changes: every file still
 * runs all of its modules itself, in a context of its own.
 */
import vm from 'node:vm';

const { compileFunction, SourceTextModule } = vm;

/** Test files are read once anyway, and so is what has no file. */
const READ_ONCE = /spec\.ts$|^data:/;
/** What `import()` leads to is settled when a script is compiled, and each test file has an answer of its own to it. */
const IMPORTS_AS_IT_RUNS = /\bimport\s*\(/;

/** By file. A script belongs to no context: each run of it makes functions of the context that it runs in. */
const scripts = new Map();
/** By file, V8's code cache. A module belongs to its context and cannot be shared itself. */
const caches = new Map();

/** Null for what cannot be shared. */
function sharedScript(source, parameters, filename) {
  const head = `(function (${parameters.join(',')}) {`;
  const known = scripts.get(filename);
  if (known?.source === source && known.head === head) return known.script;
  const isShared =
    typeof filename === 'string' && !READ_ONCE.test(filename) && !IMPORTS_AS_IT_RUNS.test(source);
  // The first line begins where it does in the file, for the positions in stack traces.
  const script = isShared
    ? new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length })
    : null;
  scripts.set(filename, { source, head, script });
  return script;
}

vm.compileFunction = (source, parameters = [], options = {}) => {
  const { filename, parsingContext } = options;
  const script = parsingContext === undefined ? null : sharedScript(source, parameters, filename);
  return script === null ? compileFunction(source, parameters, options) : script.runInContext(parsingContext);
};

function readModule(target, source, options, newTarget) {
  const module = Reflect.construct(target, [source, options], newTarget);
  const { identifier } = options;
  if (typeof identifier === 'string' && !READ_ONCE.test(identifier))
    caches.set(identifier, { source, cachedData: module.createCachedData() });
  return module;
}

vm.SourceTextModule = new Proxy(SourceTextModule, {
  construct(target, [source, options = {}], newTarget) {
    const known = caches.get(options.identifier);
    if (known?.source !== source) return readModule(target, source, options, newTarget);
    try {
      return Reflect.construct(target, [source, { ...options, cachedData: known.cachedData }], newTarget);
    } catch (error) {
      // V8's flags have changed since: a test switched on `gc()`, for one.
      if (error?.code !== 'ERR_VM_MODULE_CACHED_DATA_REJECTED') throw error;
      return readModule(target, source, options, newTarget);
    }
  },
});
