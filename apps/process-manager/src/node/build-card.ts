import type { Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import type { ProcessManagerConfig } from '../config.ts';
import type { CardProbe } from '../gpu/card-probe.ts';
import { CardService } from '../gpu/card.service.ts';
import { MemoryFloor } from '../gpu/memory-floor.ts';
import { EngineProcesses } from './engine-processes.ts';
import type { NodeEngine } from './node-engine.ts';

export interface CardBuild {
  readonly config: ProcessManagerConfig['card'];
  readonly probe: CardProbe | null;
  readonly engines: readonly NodeEngine[];
  readonly owner: () => EngineName | null;
  readonly clock: Clock;
}

/** The driver tells of freed memory up to 1.5 s late. */
const SETTLE_MS = 1_500;

/** The card as this node sees it: it knows the engines' processes, and so who is none of them. */
export function buildCard({ config, probe, engines, owner, clock }: CardBuild): CardService {
  const processes = new EngineProcesses(() =>
    engines.flatMap(({ name, managed }) =>
      managed.url === null ? [] : [{ engine: name, url: managed.url }],
    ),
  );
  return new CardService({
    probe,
    floor: new MemoryFloor({ residueMib: config.residueMib, settleMs: SETTLE_MS }),
    clock,
    times: config,
    tellStrangers: (pids) => processes.strangers(pids),
    owner,
  });
}
