import type * as LlamaPackage from 'node-llama-cpp';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import type { LocalModelFacts, LocalTrouble } from './local-wire.ts';

/** Why the library, or a model with it, is not to be had. The cause is for the log and names no path. */
export class LocalTroubleError extends Error {
  readonly trouble: LocalTrouble;

  constructor(trouble: LocalTrouble, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.trouble = trouble;
  }
}

export type LlamaLibrary = typeof LlamaPackage;

/** The package is optional: whoever installed without it has no CPU engine. */
export async function loadLibrary(): Promise<LlamaLibrary> {
  try {
    return await import('node-llama-cpp');
  } catch (cause) {
    throw new LocalTroubleError('not_installed', cause);
  }
}

/** Only what is in the package: nothing is fetched, nothing is built, no GPU is touched. */
export async function openLlama(library: LlamaLibrary, threads: number): Promise<Llama> {
  try {
    return await library.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: library.LlamaLogLevel.error,
      maxThreads: threads,
    });
  } catch (cause) {
    throw new LocalTroubleError('no_binary', cause);
  }
}

export async function openModel(
  library: LlamaLibrary,
  llama: Llama,
  { modelPath, vocabOnly }: { readonly modelPath: string; readonly vocabOnly: boolean },
): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath, vocabOnly, gpuLayers: 0 });
  } catch (cause) {
    throw new LocalTroubleError(
      cause instanceof library.InsufficientMemoryError ? 'no_memory' : 'bad_file',
      cause,
    );
  }
}

/** Reads the file's head and its vocabulary, and has the library say what it makes of them. */
export async function readFacts(modelPath: string): Promise<LocalModelFacts> {
  const library = await loadLibrary();
  const llama = await openLlama(library, 1);
  const model = await openModel(library, llama, { modelPath, vocabOnly: true });
  const { metadata, architectureMetadata, tensorInfo = [] } = model.fileInfo;
  const fileType = metadata.general.file_type;
  const parameters = tensorInfo.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce((count: number, size) => count * Number(size), 1),
    0,
  );
  const wrapper = library.resolveChatWrapper(model, { warningLogs: false });
  return {
    parameters,
    quantization: fileType === undefined ? null : library.GgufFileType[fileType],
    // Of a model without weights the library itself does not know it.
    contextLength: architectureMetadata.context_length ?? model.trainContextSize,
    thinks: wrapper.settings.segments?.thought !== undefined,
  };
}
