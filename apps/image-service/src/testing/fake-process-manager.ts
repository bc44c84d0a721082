import { describeNodeClasses, type CallContract } from '@baton/contracts';
import type { CallClient } from '@baton/platform';
import type { z } from 'zod';
import type { ObjectInfo } from '../workflows/check-workflow.ts';

/** The process-manager as image-service knows it: it looks at ComfyUI's nodes. */
export class FakeProcessManager implements Pick<CallClient, 'call'> {
  private readonly known: () => ObjectInfo | null;

  constructor(known: () => ObjectInfo | null) {
    this.known = known;
  }

  async call<Request extends z.ZodType, Reply extends z.ZodType>(
    contract: CallContract<Request, Reply>,
    payload: z.input<Request>,
  ): Promise<z.output<Reply>> {
    if (contract.name !== describeNodeClasses.name) throw new Error(`nobody asks for ${contract.name}`);
    const { classes } = describeNodeClasses.request.parse(contract.request.parse(payload));
    const known = this.known();
    const found = Object.entries(known ?? {}).filter(([name]) => classes.includes(name));
    return contract.reply.parse({ classes: known === null ? null : Object.fromEntries(found) });
  }
}
