/** An answer that is an error: status, and the text that goes into `{"error": …}`. */
export class OllamaError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'OllamaError';
    this.status = status;
  }
}

/** Nobody reads it, for the client has gone; it ends the work like any other error. */
export function requestCanceled(): OllamaError {
  return new OllamaError(499, 'request canceled');
}

export function modelNotFound(name: string): OllamaError {
  return new OllamaError(404, `model '${name}' not found`);
}

/** The text of the embedding routes differs from all others. */
export function embeddingModelNotFound(name: string): OllamaError {
  return new OllamaError(404, `model ${JSON.stringify(name)} not found, try pulling it first`);
}

export function runnerStopped(): OllamaError {
  return new OllamaError(
    500,
    'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, ' +
      'check ollama server logs for details',
  );
}
