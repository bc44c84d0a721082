import { useQuery } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';

export const SERVERS = ['servers'] as const;

/** Servers change seldom; whoever looks at them asks more often. */
export function useServers(everyMs: number | false = false) {
  const { client } = useGateway();
  return useQuery({
    queryKey: SERVERS,
    queryFn: () => client.listServers(),
    staleTime: everyMs === false ? 60_000 : 0,
    refetchInterval: everyMs,
  });
}

/** Whether a small model on the CPU can answer while others wait for the GPU. */
export function useHasCpuEngine(): boolean {
  const servers = useServers();
  return (
    servers.data?.servers.some(
      ({ place, state, breaker }) => place === 'cpu' && state === 'up' && breaker !== 'open',
    ) ?? false
  );
}
