import {
  readGpuHistory,
  readGpuNodes,
  readGpuQueue,
  readGpuStatus,
  switchGpu,
  type GpuStatus,
  type QueueEntry,
  type VisitRecord,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { Schedulers } from '../loop/schedulers.ts';

type OfNode = z.output<typeof readGpuStatus.request>;

/** What others may ask the scheduler. Looking changes nothing. */
@Controller()
export class GpuController {
  private readonly schedulers: Schedulers;

  constructor(schedulers: Schedulers) {
    this.schedulers = schedulers;
  }

  @HandleCall(readGpuNodes)
  nodes(): Promise<{ nodes: string[] }> {
    return Promise.resolve({ nodes: this.schedulers.nodes });
  }

  @HandleCall(readGpuStatus)
  async status({ node }: OfNode): Promise<GpuStatus> {
    return this.schedulers.of(node).status();
  }

  @HandleCall(readGpuQueue)
  async queue({ node }: OfNode): Promise<{ entries: QueueEntry[] }> {
    return { entries: await this.schedulers.of(node).queue() };
  }

  @HandleCall(readGpuHistory)
  async history({
    node,
    before,
    limit,
  }: z.output<typeof readGpuHistory.request>): Promise<{ visits: VisitRecord[]; next: string | null }> {
    return this.schedulers.of(node).visits(before, limit);
  }

  @HandleCall(switchGpu)
  async switch({
    node,
    ...order
  }: z.output<typeof switchGpu.request>): Promise<{ state: 'done' | 'accepted' }> {
    return { state: await this.schedulers.of(node).order(order) };
  }
}
