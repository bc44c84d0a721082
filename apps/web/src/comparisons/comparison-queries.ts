import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import type { NewExperiment } from '@baton/api-client';

const COMPARISONS = ['comparisons'] as const;

export function useComparisons() {
  const { client } = useGateway();
  return useQuery({ queryKey: COMPARISONS, queryFn: () => client.listExperiments() });
}

export function useCreateComparison() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: NewExperiment) => client.createExperiment(body),
    onSuccess: () => queries.invalidateQueries({ queryKey: COMPARISONS }),
  });
}

export function useEndComparison() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => client.endExperiment(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: COMPARISONS }),
  });
}
