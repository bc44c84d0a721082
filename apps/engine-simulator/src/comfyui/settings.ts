import { z } from 'zod';
import { fault } from '../control/faults.ts';

const ms = z.number().nonnegative().max(600_000);
const bytes = z.number().int().nonnegative();

/** Speeds and sizes of the simulated ComfyUI. Times are simulated milliseconds: `speed` divides them. */
export const comfyuiSettings = z.object({
  /** Version to report; shapes of answers follow it where they changed. */
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** One sampling step of one megapixel at cfg 1; grows with pixels, batch and a second (negative) branch. */
  stepMs: ms,
  decodeMs: ms,
  encodeTextMs: ms,
  /** What a loader node costs: it only opens files, the weights move later. */
  openMs: ms,
  /** Weights that were not used since the start or since `free_memory` come from the disk at this pace. */
  loadMibPerSecond: z.number().positive().max(10_000_000),
  /** Weights that were only detached from the card come from RAM. */
  reloadMibPerSecond: z.number().positive().max(10_000_000),
  /** From the moment the worker acts on `/free` until the weights are gone. */
  freeMs: ms,
  /** The driver context; stays until the process ends. Applies at start only. */
  contextMib: z.number().nonnegative().max(4_096),
  /** Activations of sampling and decoding per megapixel and picture. */
  sampleScratchMib: z.number().nonnegative().max(65_536),
  decodeScratchMib: z.number().nonnegative().max(65_536),
  previewMethod: z.enum(['none', 'auto', 'latent2rgb', 'taesd']),
  previewSize: z.int().min(16).max(2_048),
  maxUploadMib: z.number().positive().max(2_048),
  disableMetadata: z.boolean(),
  /** As `--highvram`: the offload target is the card itself, so `unload_models` alone frees nothing. */
  highVram: z.boolean(),
  /** As `--enable-cors-header`: replaces the guard against foreign origins. Empty means not given. */
  corsOrigin: z.string(),
  /** Whether output entries survive prompts that do not use them (a host with very much RAM). */
  nodeCache: z.enum(['last-prompt', 'all']),
  /** Files in the model folders, by folder and name, in bytes. A folder that is named is replaced. */
  models: z.record(z.string(), z.record(z.string(), bytes)),
});

export type ComfyuiSettings = z.infer<typeof comfyuiSettings>;

export function defaultSettings(): ComfyuiSettings {
  return {
    version: '0.33.0',
    stepMs: 120,
    decodeMs: 250,
    encodeTextMs: 60,
    openMs: 40,
    loadMibPerSecond: 8_192,
    reloadMibPerSecond: 20_480,
    freeMs: 250,
    contextMib: 500,
    sampleScratchMib: 900,
    decodeScratchMib: 1_500,
    previewMethod: 'none',
    previewSize: 512,
    maxUploadMib: 100,
    disableMetadata: false,
    highVram: false,
    corsOrigin: '',
    nodeCache: 'last-prompt',
    models: {
      checkpoints: { 'flux1-dev-fp8.safetensors': 17_246_524_772 },
      diffusion_models: {
        'flux1-dev.safetensors': 23_802_932_552,
        'flux1-dev-fp8.safetensors': 11_901_525_888,
      },
      text_encoders: {
        'clip_l.safetensors': 246_144_152,
        't5xxl_fp16.safetensors': 9_787_841_024,
        't5xxl_fp8_e4m3fn.safetensors': 4_893_934_904,
      },
      vae: { 'ae.safetensors': 335_304_388 },
      loras: { 'flux-detail.safetensors': 171_969_408 },
      vae_approx: {},
      upscale_models: {},
      embeddings: {},
    },
  };
}

/** True when the emulated version is at least this one. */
export function isAtLeast(
  settings: Pick<ComfyuiSettings, 'version'>,
  version: `${number}.${number}.${number}`,
): boolean {
  const [have, want] = [settings.version, version].map((text) => text.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (have?.[index] ?? 0) - (want?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const duration = ms.default(5_000);
const afterSteps = z.int().nonnegative().default(3);
const nodeClass = z.string().default('KSampler');

/** What can go wrong with ComfyUI, in one place. Absent parameters take the default shown here. */
export const COMFYUI_FAULTS = {
  sameClientId: fault('when an old socket closes, the newer one with the same clientId goes silent', {}),
  stalledSocket: fault('one client that does not read stops the events of every client', {}),
  lostInterrupt: fault('interrupts are lost for this long between taking a prompt and starting it', {
    ms: ms.default(200),
  }),
  slowStart: fault('the port opens only after this long', { ms: duration }),
  slowLoad: fault('a move of weights to the card takes this much longer, in silence', { ms: duration }),
  slowStep: fault('a sampling step takes this much longer', { ms: duration }),
  slowFree: fault('the worker takes this much longer to act on /free', { ms: duration }),
  hang: fault('connections are accepted and requests are not answered', {}),
  interruptIgnored: fault('an interrupt is answered as usual and interrupts nothing', {}),
  loadCrash: fault('the process dies, as of SIGKILL, after this share of a move of weights to the card', {
    share: z.number().min(0).max(1).default(0.5),
  }),
  deafToSigint: fault('SIGINT is ignored, as by a program that a shell started in the background', {}),
  freeKeeps: fault('after /free so much stays on the card until the process ends: a node pack holds it', {
    mib: z.number().positive().default(2_048),
  }),
  freeIgnored: fault('/free is answered as usual and frees nothing', {}),
  oom: fault('a node of this class runs out of memory', { nodeClass }),
  nodeError: fault('a node of this class fails', {
    nodeClass,
    message: z.string().default('expected scalar type Half but found Float'),
  }),
  zombie: fault('the only worker dies on the next prompt; HTTP and sockets go on answering', {}),
  crash: fault('the process dies after some sampling steps, without close frames', { afterSteps }),
  dropSockets: fault('all sockets are cut after some sampling steps; the prompt goes on', { afterSteps }),
  httpError: fault('requests to this path are answered 500', { path: z.string().default('/prompt') }),
};

/** The real server has these two always, so they are armed from the start. */
export const FAULTS_AT_START = { sameClientId: true, stalledSocket: true } as const;
