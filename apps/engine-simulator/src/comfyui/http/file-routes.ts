import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { FolderType } from '../folders.ts';
import { isFolderType, splitAnnotation } from '../folders.ts';
import { isRecord } from '../prompt.ts';
import { pythonText } from '../python-values.ts';
import { isAtLeast } from '../settings.ts';
import type { Exchange } from './exchange.ts';
import { HttpAnswer } from './exchange.ts';
import type { Route, ServerParts } from './server-parts.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.txt': 'text/plain',
  '.json': 'application/json',
};

export const FILE_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/upload/image', answer: uploadImage },
  { method: 'POST', path: '/upload/mask', answer: uploadMask },
  { method: 'GET', path: '/view', answer: view },
];

interface Upload {
  readonly form: FormData;
  readonly bytes: Buffer;
  readonly filename: string;
}

/** Reads a multipart body. No file is a 400; a text in its place stumbles inside the server: 500. */
async function readUpload(exchange: Exchange): Promise<Upload> {
  const type = exchange.request.headers['content-type'];
  const body = await exchange.bytes();
  const headers = type === undefined ? undefined : { 'content-type': type };
  const form = await new Response(body, headers === undefined ? {} : { headers }).formData();
  const image = form.get('image');
  if (image === null) throw new HttpAnswer(400);
  if (typeof image === 'string') throw new TypeError("'str' object has no attribute 'file'");
  if (image.name === '') throw new HttpAnswer(400);
  return { form, bytes: Buffer.from(await image.arrayBuffer()), filename: image.name };
}

function fieldOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

async function uploadImage(exchange: Exchange, server: ServerParts): Promise<void> {
  const upload = await readUpload(exchange);
  await store(exchange, server, upload);
}

/** The mask's transparency goes into a copy of the picture that it was drawn over. */
async function uploadMask(exchange: Exchange, server: ServerParts): Promise<void> {
  const upload = await readUpload(exchange);
  const original: unknown = JSON.parse(fieldOf(upload.form, 'original_ref'));
  if (!isRecord(original) || typeof original['filename'] !== 'string') throw new HttpAnswer(400);
  const { type, bare } = splitAnnotation(original['filename']);
  const folder = type ?? pythonText(original['type'] ?? 'output');
  const path = isFolderType(folder)
    ? server.folders.within(folder, pythonText(original['subfolder'] ?? ''), bare)
    : null;
  if (path === null) throw new HttpAnswer(400);
  if (!server.folders.exists(path)) throw new HttpAnswer(404);
  const { default: sharp } = await import('sharp');
  const mask = await sharp(upload.bytes).ensureAlpha().extractChannel('alpha').toBuffer();
  // Two passes: in one, the library would take the joined channel away again.
  const opaque = await sharp(await readFile(path))
    .removeAlpha()
    .png()
    .toBuffer();
  const bytes = await sharp(opaque).joinChannel(mask).png().toBuffer();
  await store(exchange, server, { ...upload, bytes });
}

async function store(
  exchange: Exchange,
  server: ServerParts,
  { form, bytes, filename }: Upload,
): Promise<void> {
  const type = fieldOf(form, 'type') || 'input';
  if (!isFolderType(type)) throw new TypeError('no such folder');
  const subfolder = fieldOf(form, 'subfolder');
  const path = server.folders.within(type, subfolder, filename);
  if (path === null || basename(path) !== basename(filename) || filename.includes('/'))
    throw new HttpAnswer(400);
  const isOverwriting = ['true', '1'].includes(fieldOf(form, 'overwrite'));
  const name = isOverwriting ? basename(path) : await freeName(server, path, bytes);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(join(dirname(path), name), bytes);
  exchange.sendJson(200, { name, subfolder, type, ...assetOf(server, name, bytes) });
}

/** The same name with the same bytes is reused; with other bytes a number is added. */
async function freeName({ folders }: ServerParts, path: string, bytes: Buffer): Promise<string> {
  const extension = extname(path);
  const stem = basename(path, extension);
  for (let count = 0; ; count += 1) {
    const name = count === 0 ? basename(path) : `${stem} (${count})${extension}`;
    const candidate = join(dirname(path), name);
    if (!folders.exists(candidate) || (await readFile(candidate)).equals(bytes)) return name;
  }
}

function assetOf({ settings }: ServerParts, name: string, bytes: Buffer): Record<string, unknown> {
  if (!isAtLeast(settings, '0.38.0')) return {};
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { asset: { id: hash.slice(0, 32), name, asset_hash: `sha256:${hash}`, size: bytes.length } };
}

async function view(exchange: Exchange, server: ServerParts): Promise<void> {
  const { query } = exchange;
  const path = wantedFile(query, server);
  if (!server.folders.exists(path)) throw new HttpAnswer(404);
  const bytes = await readFile(path).catch(() => {
    throw new HttpAnswer(404);
  });
  const shown = await converted(bytes, path, query);
  sendFile(exchange, shown.bytes, { type: shown.type, filename: basename(path) });
}

function wantedFile(query: URLSearchParams, { folders }: ServerParts): string {
  const filename = query.get('filename');
  if (filename === null || filename === '') throw new HttpAnswer(404);
  const { type: annotated, bare } = splitAnnotation(filename);
  if (bare.startsWith('/') || bare.includes('..')) throw new HttpAnswer(400);
  const type: string = annotated ?? query.get('type') ?? 'output';
  if (!isFolderType(type)) throw new HttpAnswer(400);
  return within(folders.within(type satisfies FolderType, query.get('subfolder') ?? '', basename(bare)));
}

function within(path: string | null): string {
  if (path === null) throw new HttpAnswer(403);
  return path;
}

/** `preview=webp`, `preview=jpeg;80` and `channel=rgb|a` change what is sent; else the file goes out as it is. */
async function converted(
  bytes: Buffer,
  path: string,
  query: URLSearchParams,
): Promise<{ bytes: Buffer; type: string }> {
  const preview = query.get('preview');
  const channel = query.get('channel') ?? 'rgba';
  const type = CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
  if (preview === null && channel === 'rgba') return { bytes, type };
  const { default: sharp } = await import('sharp');
  if (preview !== null) {
    const [format, quality] = preview.split(';');
    const wanted = /^\d+$/.test(quality ?? '') ? Number(quality) : 90;
    const image = sharp(bytes);
    if (format === 'jpeg') {
      return { bytes: await image.flatten().jpeg({ quality: wanted }).toBuffer(), type: 'image/jpeg' };
    }
    return { bytes: await image.webp({ quality: wanted }).toBuffer(), type: 'image/webp' };
  }
  const opaque = sharp(bytes).removeAlpha();
  const image = channel === 'a' ? sharp(bytes).ensureAlpha().extractChannel('alpha') : opaque;
  return { bytes: await image.png().toBuffer(), type: 'image/png' };
}

function sendFile(
  { request, response }: Exchange,
  bytes: Buffer,
  { type, filename }: { type: string; filename: string },
): void {
  const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`;
  const headers = {
    'content-type': type,
    'content-disposition': `filename="${encodeURIComponent(filename)}"`,
    etag,
    'accept-ranges': 'bytes',
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (range === null || (range[1] === '' && range[2] === '')) {
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const [from, to] = rangeOf(range[1] ?? '', range[2] ?? '', bytes.length);
  if (from > to) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(from, to + 1);
  const contentRange = `bytes ${from}-${to}/${bytes.length}`;
  response
    .writeHead(206, { ...headers, 'content-range': contentRange, 'content-length': part.length })
    .end(part);
}

/** First and last byte of a range; without a first, the last so many. */
function rangeOf(first: string, last: string, length: number): [number, number] {
  if (first === '') return [Math.max(length - Number(last), 0), length - 1];
  return [Number(first), last === '' ? length - 1 : Math.min(Number(last), length - 1)];
}
