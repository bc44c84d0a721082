import type { GpuLeases } from '@baton/gpu-lease';

/** The way to the GPU: `GpuLeases` in production, a fake that grants when it is told to in tests. */
export type GpuAccess = Pick<GpuLeases, 'withLease'>;
