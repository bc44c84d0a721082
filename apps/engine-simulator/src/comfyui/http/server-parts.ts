import type { CardClient } from '../../card/card-client.ts';
import type { FaultSwitchboard } from '../../control/faults.ts';
import type { Executor } from '../executor.ts';
import type { Folders } from '../folders.ts';
import type { Interruption } from '../interruption.ts';
import type { Choices } from '../nodes/object-info.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { Painter } from '../picture/painter.ts';
import type { PromptQueue } from '../prompt-queue.ts';
import type { COMFYUI_FAULTS, ComfyuiSettings } from '../settings.ts';
import { isAtLeast } from '../settings.ts';
import type { SocketHub } from '../socket-hub.ts';
import type { Vram } from '../vram.ts';
import type { Exchange } from './exchange.ts';

/** What the routes work on. */
export interface ServerParts {
  readonly settings: ComfyuiSettings;
  readonly faults: FaultSwitchboard<typeof COMFYUI_FAULTS>;
  readonly queue: PromptQueue;
  readonly executor: Executor;
  readonly interruption: Interruption;
  readonly registry: NodeRegistry;
  readonly folders: Folders;
  readonly painter: Painter;
  readonly card: CardClient;
  readonly vram: Vram;
  readonly hub: SocketHub;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments; `*` takes any one of them as a parameter. */
  readonly path: string;
  /** Some routes exist only with the `/api` prefix. */
  readonly isApiOnly?: true;
  answer(exchange: Exchange, server: ServerParts, parameter: string): void | Promise<void>;
}

/** Folders that may stand for one another in newer and older installations. */
export function choicesNow({ settings, folders }: Pick<ServerParts, 'settings' | 'folders'>): Choices {
  return {
    files: (folder) => Object.keys(settings.models[folder] ?? {}).sort(),
    inputFiles: folders.inputFiles(),
  };
}

export function maxUploadBytes(settings: ComfyuiSettings): number {
  return Math.round(settings.maxUploadMib * 1_048_576);
}

export function featuresOf(settings: ComfyuiSettings): Record<string, unknown> {
  return {
    supports_preview_metadata: true,
    supports_model_type_tags: true,
    max_upload_size: maxUploadBytes(settings),
    extension: { manager: { supports_v4: true } },
    node_replacements: true,
    assets: isAtLeast(settings, '0.38.0'),
  };
}
