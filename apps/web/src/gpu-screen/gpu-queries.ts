import type { EngineName } from '@baton/contracts';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { SwitchWish } from '../api/gateway.client.ts';
import { useGateway } from '../api/gateway-context.ts';
import type { SeenGpu } from '../gpu/gpu-feed.ts';

const VISITS_PER_PAGE = 15;
const LOG_LINES = 500;
/** The monitor measures every few seconds; looking more often shows nothing new. */
const CARD_EVERY_MS = 5_000;
const LOG_EVERY_MS = 3_000;

const HISTORY = ['gpu-history'] as const;

/** Visits, newest first; read again whenever the GPU changes hands or a request begins or ends. */
export function useGpuHistory(seen: SeenGpu | null) {
  const { client } = useGateway();
  const queries = useQueryClient();
  const status = seen?.status;
  const turn = JSON.stringify([status?.holder, status?.swap?.id, status?.last_swap?.id, status?.running]);
  useEffect(() => void queries.invalidateQueries({ queryKey: HISTORY }), [queries, turn]);
  return useInfiniteQuery({
    queryKey: HISTORY,
    queryFn: ({ pageParam }) => client.gpuHistory(pageParam, VISITS_PER_PAGE),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function useCardHistory() {
  const { client } = useGateway();
  return useQuery({
    queryKey: ['card-history'],
    queryFn: () => client.cardHistory(),
    refetchInterval: CARD_EVERY_MS,
  });
}

export function useStowaways() {
  const { client } = useGateway();
  return useQuery({
    queryKey: ['process-status'],
    queryFn: () => client.processStatus(),
    refetchInterval: CARD_EVERY_MS,
  });
}

export function useEngineLogs(engine: EngineName) {
  const { client } = useGateway();
  return useQuery({
    queryKey: ['engine-logs', engine],
    queryFn: () => client.engineLogs(engine, LOG_LINES),
    // Where an engine has no log, asking again would not give it one.
    refetchInterval: ({ state }) => (state.status === 'error' ? false : LOG_EVERY_MS),
    // What an engine printed is not kept in the page when nobody looks at it.
    gcTime: 0,
  });
}

export function useSwitchGpu() {
  const { client } = useGateway();
  return useMutation({ mutationFn: (wish: SwitchWish) => client.switchGpu(wish) });
}

export function useRestartEngine() {
  const { client } = useGateway();
  return useMutation({ mutationFn: (engine: EngineName) => client.restartEngine(engine) });
}
