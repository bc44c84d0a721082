/** The address of the process that runs the tests; it owns the servers (tools/servers/broker.ts). */
const ADDRESS_VARIABLE = 'BATON_TEST_SERVERS';

/** Asks the test run for a server. Rejects with the run's own words when it cannot give one. */
export async function askBroker(path: string): Promise<unknown> {
  const address = process.env[ADDRESS_VARIABLE];
  if (address === undefined) {
    throw new Error(
      `${ADDRESS_VARIABLE} is not set: run the tests with \`node tools/jest.mjs\`, which brings the servers.`,
    );
  }
  const response = await fetch(`${address}/${path}`, { method: 'POST' });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(readMessage(body));
  return body;
}

function readMessage(body: unknown): string {
  return typeof body === 'object' && body !== null && 'message' in body
    ? String(body.message)
    : 'The test run refused.';
}
