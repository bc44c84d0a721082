import { readStart } from './config.ts';
import type { Start } from './config.ts';
import type { RunningRole } from './options.ts';

/** Each role loads only its own code: these are small programs that stand for large ones. */
async function run(start: Exclude<Start, { text: string }>): Promise<RunningRole> {
  switch (start.role) {
    case 'card':
      return (await import('./card/start.ts')).startCard(start.options);
    case 'ollama':
      return (await import('./ollama/start.ts')).startOllama(start.options);
    case 'comfyui':
      return (await import('./comfyui/start.ts')).startComfyui(start.options);
  }
}

const start = readStart(process.argv.slice(2));
if (start.role === 'help' || start.role === 'wrong') {
  console.log(start.text);
  process.exit(start.role === 'help' ? 0 : 2);
}
const role = await run(start).catch((cause: unknown) => {
  console.error(`The ${start.role} did not start: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exit(1);
});
let isEnding = false;
for (const signal of role.knowsNoSigterm ? (['SIGINT'] as const) : (['SIGINT', 'SIGTERM'] as const)) {
  process.on(signal, () => {
    if (role.isDeaf?.() === true || isEnding) return;
    isEnding = true;
    void role.close().finally(() => process.exit(0));
  });
}
console.log(JSON.stringify({ listening: role.url, role: start.role }));
