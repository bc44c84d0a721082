import type { OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { CallClient } from '@baton/platform';

export interface ProcessManagerAddress {
  readonly node: string;
  readonly address: string;
}

/** The process-managers, one of each GPU node. Connected at the first call; they close with the app. */
export class ProcessManagers implements OnApplicationShutdown {
  private readonly clients: ReadonlyMap<string, CallClient>;

  constructor(addresses: readonly ProcessManagerAddress[], secret: string) {
    this.clients = new Map(addresses.map(({ node, address }) => [node, new CallClient({ address, secret })]));
  }

  /** @param node the first one without a name @throws AppError `request.invalid` naming the field for an unknown one */
  of(node: string | undefined): CallClient {
    const [first] = this.clients.values();
    const client = node === undefined ? first : this.clients.get(node);
    if (client !== undefined) return client;
    const message = `must be one of ${[...this.clients.keys()].join(', ')}`;
    throw new AppError('request.invalid', { node }, { issues: [{ path: 'node', message }] });
  }

  onApplicationShutdown(): void {
    for (const client of this.clients.values()) client.close();
  }
}
