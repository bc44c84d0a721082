/** One event of a stream: its id, when it has one, and its data. */
export interface ServerSentEvent {
  readonly id: string | null;
  readonly data: string;
}

/** Cuts a text stream into its events, wherever the network cut it. Comments, as in keep-alive lines, are left out. */
export async function* readServerSentEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    const blocks = (rest + chunk).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== null) yield event;
    }
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  const lines = block.split('\n');
  const values = (field: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${field}:`))
      .map((line) => line.slice(field.length + 1).replace(/^ /, ''));
  const data = values('data');
  return data.length === 0 ? null : { id: values('id').at(-1) ?? null, data: data.join('\n') };
}
