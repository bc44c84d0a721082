import type { ModelAction } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { endsWithin } from './ends-within.ts';
import type { Kept, ModelKeeper } from './model-keeper.ts';
import { ModelKeepers } from './model-keepers.service.ts';

export interface ActionRequest {
  readonly userId: number;
  readonly model: string;
  readonly server?: string | undefined;
}

const LOOK_MS = 1_000;

type Deed = 'load' | 'unload' | 'delete';

const SAY: Readonly<Record<Deed, Readonly<Record<Kept['state'], string>>>> = {
  load: {
    done: 'The model is loaded.',
    accepted: 'The model is loaded as soon as it is its turn.',
  },
  unload: {
    done: 'The model is not in memory any more.',
    accepted: 'The model is in use. It goes as soon as its answers are done.',
  },
  delete: {
    done: 'The model is deleted.',
    accepted: 'The model is deleted as soon as its answers are done.',
  },
};

/** Models into memory, out of it, and off the disk, by the hand of an administrator. */
@Injectable()
export class ModelAdminService {
  private readonly keepers: ModelKeepers;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(keepers: ModelKeepers, @Inject(CLOCK) clock: Clock, log: Log) {
    this.keepers = keepers;
    this.clock = clock;
    this.log = log;
  }

  /** @throws AppError `server.unknown`, `model.cannot_change`, `model.unknown`, and the server's own */
  load(request: ActionRequest): Promise<ModelAction> {
    return this.do('load', request, (keeper) => keeper.load(request.model));
  }

  /** @throws AppError as `load`, and `model.in_use` */
  unload(request: ActionRequest): Promise<ModelAction> {
    return this.do('unload', request, (keeper) => keeper.unload(request.model));
  }

  /** @throws AppError as `unload` */
  delete(request: ActionRequest): Promise<ModelAction> {
    return this.do('delete', request, (keeper) => keeper.delete(request.model));
  }

  private async do(
    deed: Deed,
    { userId, model, server: wanted }: ActionRequest,
    work: (keeper: ModelKeeper) => Promise<Kept>,
  ): Promise<ModelAction> {
    const { server, keeper, look } = this.keepers.choose(model, wanted);
    const startedAt = this.clock.monotonic();
    try {
      const { state, freedBytes } = await work(keeper);
      const ms = Math.round(this.clock.monotonic() - startedAt);
      this.log.event(`model.${deed}`, { userId, server, model, outcome: state, ms, freedBytes });
      return {
        model,
        server,
        state,
        freed_bytes: freedBytes,
        took_ms: state === 'done' ? ms : null,
        say: SAY[deed][state],
      };
    } finally {
      // Usually there at once; a server that is slow to say what it has must not hold up the answer.
      await endsWithin(look(), LOOK_MS, this.clock);
    }
  }
}
