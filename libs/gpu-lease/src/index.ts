export { DurationEstimates } from './duration-estimates.ts';
export { causeUnderLease, guardRefusal } from './engine-failure.ts';
export { GpuLeases, type GpuAccess, type GpuLeasesContext } from './gpu-leases.ts';
export { GpuLeaseModule, type GpuLeaseModuleOptions } from './gpu-lease.module.ts';
export type { JobEnd, Lease, LeaseRequest } from './lease.ts';
export { LeaseTime } from './lease-time.ts';
export { WaitingState, waitingEvent, type StateEvent } from './waiting-state.ts';
