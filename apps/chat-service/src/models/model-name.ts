/** Ollama finds a model whatever the case of its name, and takes `latest` for a missing tag: `Llama3` is `llama3:latest`. */
export function modelKey(name: string): string {
  const lower = name.toLowerCase();
  // The tag comes behind the last slash; a colon before it belongs to a registry's port.
  return lower.lastIndexOf(':') > lower.lastIndexOf('/') ? lower : `${lower}:latest`;
}

/** Names that Ollama would answer by sending the conversation to its makers' servers. */
export function isCloudModel(name: string): boolean {
  return /(:|-)cloud$/i.test(name);
}
