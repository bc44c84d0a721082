/** Hands bytes to the browser as a file to keep. */
export function saveFile(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the bytes over by the next turn.
  window.setTimeout(() => URL.revokeObjectURL(url));
}
