import { replyEvent, type Pull, type ReplyEvent } from '@baton/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useGateway } from '../api/gateway-context.ts';
import { SERVERS } from './server-queries.ts';

const PULLS = ['pulls'] as const;

export function useTaskModels() {
  const { client } = useGateway();
  return useQuery({ queryKey: ['task-models'], queryFn: () => client.taskModels() });
}

interface Target {
  readonly model: string;
  readonly server: string;
}

export type ModelVerb = 'load' | 'unload' | 'delete';

/** Loads, unloads or deletes a model on one server. */
export function useModelAct(verb: ModelVerb) {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ model, server }: Target) =>
      verb === 'load'
        ? client.loadModel(model, server)
        : verb === 'unload'
          ? client.unloadModel(model, server)
          : client.deleteModel(model, server),
    onSuccess: () => queries.invalidateQueries({ queryKey: SERVERS }),
  });
}

export function usePulls(isAdmin: boolean) {
  const { client } = useGateway();
  return useQuery({ queryKey: PULLS, queryFn: () => client.listPulls(), enabled: isAdmin });
}

export function useStartPull() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ model, server }: Target) => client.startPull({ model, server }),
    onSuccess: () => queries.invalidateQueries({ queryKey: PULLS }),
  });
}

export function useCancelPull() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.cancelPull(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: PULLS }),
  });
}

/** A download as its log tells it; as it was read while there is none. */
export function useFollowedPull(listed: Pull): Pull {
  const gateway = useGateway();
  const queries = useQueryClient();
  const [told, setTold] = useState<Pick<Pull, 'status' | 'completed_bytes' | 'total_bytes'> | null>(null);
  const { id, state } = listed;
  const isRunning = state === 'running';
  useEffect(() => {
    if (!isRunning) return undefined;
    const over = new AbortController();
    gateway.read(
      (headers, signal) => gateway.client.pullEvents(id, headers, signal),
      ({ data }) => {
        const event = eventIn(data);
        if (event?.type === 'pull') {
          const { status, completed_bytes, total_bytes } = event;
          setTold({ status, completed_bytes, total_bytes });
        }
        if (event?.type !== 'end') return 'go-on';
        void queries.invalidateQueries({ queryKey: PULLS });
        void queries.invalidateQueries({ queryKey: SERVERS });
        return 'stop';
      },
      over.signal,
    );
    return () => over.abort();
  }, [gateway, queries, id, isRunning]);
  return isRunning && told !== null ? { ...listed, ...told } : listed;
}

function eventIn(data: string): ReplyEvent | null {
  try {
    return replyEvent.safeParse(JSON.parse(data)).data ?? null;
  } catch {
    return null;
  }
}
