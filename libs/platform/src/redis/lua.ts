import { readFileSync } from 'node:fs';

/** The text of a Lua file that lies beside the code using it: `luaScript(new URL('./lua/x.lua', import.meta.url))`. */
export function luaScript(url: URL): string {
  return readFileSync(url, 'utf8');
}
