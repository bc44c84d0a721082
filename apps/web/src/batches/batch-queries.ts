import type { Batch } from '@baton/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { NewBatch } from '@baton/api-client';
import { useGateway } from '../api/gateway-context.ts';
import { saveFile } from '../ui/save-file.ts';

const BATCHES = ['batches'] as const;
const WHILE_RUNNING_MS = 2_000;

export function useBatches() {
  const { client } = useGateway();
  return useQuery({
    queryKey: BATCHES,
    queryFn: () => client.listBatches(),
    refetchInterval: ({ state }) =>
      state.data?.batches.some((batch) => batch.state === 'running') === true ? WHILE_RUNNING_MS : false,
  });
}

export function useCreateBatch() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: NewBatch) => client.createBatch(body),
    onSuccess: () => queries.invalidateQueries({ queryKey: BATCHES }),
  });
}

export function useCancelBatch() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => client.cancelBatch(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: BATCHES }),
  });
}

export function useDeleteBatch() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => client.deleteBatch(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: BATCHES }),
  });
}

export function useBatchResults() {
  const { client } = useGateway();
  return useMutation({
    mutationFn: (batch: Batch) => client.batchResults(batch.id),
    onSuccess: ({ name, blob }) => saveFile(name, blob),
  });
}
