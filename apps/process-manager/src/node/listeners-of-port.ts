import { readFile, readdir, readlink } from 'node:fs/promises';

/** Who listens on a port of this machine. `pid` is null where we may not look into the process. */
export interface PortListener {
  readonly pid: number | null;
  readonly userId: number;
}

const LISTENING = '0A';

/** Null where there is no /proc to ask. */
export async function listenersOf(port: number): Promise<PortListener[] | null> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => textOf(`/proc/net/${name}`)));
  if (tables[0] === null) return null;
  const sockets = tables.flatMap((table) => parseSockets(table ?? '', port));
  if (sockets.length === 0) return [];
  const owners = await ownersOf(new Set(sockets.map(({ inode }) => inode)));
  return sockets.flatMap(({ inode, userId }): PortListener[] => {
    const pids = owners.get(inode) ?? [];
    return pids.length === 0 ? [{ pid: null, userId }] : pids.map((pid) => ({ pid, userId }));
  });
}

/** The kernel's table of sockets: address and port in hexadecimal, state, owner, inode. */
export function parseSockets(table: string, port: number): { inode: string; userId: number }[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const inode = fields[9];
    if (state !== LISTENING || inode === undefined || local === undefined) return [];
    if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) !== port) return [];
    return [{ inode, userId: Number(fields[7]) }];
  });
}

async function ownersOf(inodes: ReadonlySet<string>): Promise<Map<string, number[]>> {
  const owners = new Map<string, number[]>();
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name));
  await Promise.all(
    pids.map(async (pid) => {
      const folder = `/proc/${pid}/fd`;
      const targets = await Promise.all(
        (await namesIn(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
      );
      for (const target of new Set(targets)) {
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode === undefined || !inodes.has(inode)) continue;
        owners.set(inode, [...(owners.get(inode) ?? []), Number(pid)]);
      }
    }),
  );
  return owners;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
