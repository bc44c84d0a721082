import { freemem, platform, totalmem } from 'node:os';
import { objectInfo } from '../nodes/object-info.ts';
import { isAtLeast } from '../settings.ts';
import type { Exchange } from './exchange.ts';
import { HttpAnswer } from './exchange.ts';
import type { Route, ServerParts } from './server-parts.ts';
import { choicesNow, featuresOf } from './server-parts.ts';

export const INFO_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/system_stats', answer: systemStats },
  { method: 'GET', path: '/object_info', answer: allNodes },
  { method: 'GET', path: '/object_info/*', answer: oneNode },
  { method: 'GET', path: '/models', answer: modelFolders },
  { method: 'GET', path: '/models/*', answer: modelFiles },
  { method: 'GET', path: '/embeddings', answer: embeddings },
  {
    method: 'GET',
    path: '/features',
    answer: (exchange, { settings }) => exchange.sendJson(200, featuresOf(settings)),
  },
  { method: 'GET', path: '/experiment/models', answer: describedFolders },
  { method: 'GET', path: '/view_metadata/*', answer: modelMetadata },
  { method: 'GET', path: '/extensions', answer: (exchange) => exchange.sendJson(200, []) },
  {
    method: 'GET',
    path: '/users',
    answer: (exchange) => exchange.sendJson(200, { storage: 'server', migrated: true }),
  },
];

/** All in bytes. `vram_free` counts what the allocator keeps in reserve and does not use. */
async function systemStats(exchange: Exchange, { settings, card, vram }: ServerParts): Promise<void> {
  const usage = await card.usage();
  const unused = vram.unusedReserveBytes;
  exchange.sendJson(200, {
    system: {
      os: platform(),
      ram_total: totalmem(),
      ram_free: freemem(),
      comfyui_version: settings.version,
      ...(isAtLeast(settings, '0.3.40') ? { required_frontend_version: '1.48.2' } : {}),
      ...(isAtLeast(settings, '0.10.0')
        ? {
            installed_templates_version: '0.9.12',
            required_templates_version: '0.9.12',
            comfy_package_versions: [],
          }
        : {}),
      python_version: '3.12.11 (main, Jun  4 2026, 08:56:18) [GCC 13.3.0]',
      pytorch_version: '2.9.1+cu128',
      embedded_python: false,
      ...(isAtLeast(settings, '0.10.0') ? { deploy_environment: 'local-git' } : {}),
      argv: ['main.py', '--preview-method', settings.previewMethod],
    },
    devices: [
      {
        name: 'cuda:0 Baton simulated card : cudaMallocAsync',
        type: 'cuda',
        index: 0,
        vram_total: usage.totalBytes,
        vram_free: usage.freeBytes + unused,
        torch_vram_total: vram.reservedBytes,
        torch_vram_free: unused,
      },
    ],
  });
}

function allNodes(exchange: Exchange, server: ServerParts): void {
  const choices = choicesNow(server);
  const entries = [...server.registry.values()].map((node) => [node.name, objectInfo(node, choices)]);
  exchange.sendJson(200, Object.fromEntries(entries));
}

function oneNode(exchange: Exchange, server: ServerParts, name: string): void {
  const node = server.registry.get(name);
  exchange.sendJson(200, node === undefined ? {} : { [name]: objectInfo(node, choicesNow(server)) });
}

function modelFolders(exchange: Exchange, { settings }: ServerParts): void {
  exchange.sendJson(200, Object.keys(settings.models));
}

function modelFiles(exchange: Exchange, { settings }: ServerParts, folder: string): void {
  const files = settings.models[folder];
  if (files === undefined) throw new HttpAnswer(404);
  exchange.sendJson(200, Object.keys(files).sort());
}

function embeddings(exchange: Exchange, { settings }: ServerParts): void {
  const names = Object.keys(settings.models['embeddings'] ?? {});
  exchange.sendJson(200, names.map((name) => name.replace(/\.[^.]+$/, '')).sort());
}

function describedFolders(exchange: Exchange, { settings }: ServerParts): void {
  const folders = Object.keys(settings.models).map((name) => ({
    name,
    folders: [`/opt/comfyui/models/${name}`],
  }));
  exchange.sendJson(200, folders);
}

/** No file carries a header to read, so every one is without metadata. */
function modelMetadata(): void {
  throw new HttpAnswer(404);
}
