/** The place on the page that a citation leads to. */
export function sourceId(messageId: number, n: number): string {
  return `source-${messageId}-${n}`;
}
