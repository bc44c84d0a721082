import { AreaChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { useMemo, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { formatGib } from '../ui/bytes.ts';
import { formatDuration } from '../ui/duration.ts';
import { chartPoints, type CardSample } from './memory-samples.ts';
import { formatClock } from './moments.ts';

/** Memory in use over time, in the colour of whoever owned the GPU. */
export function MemoryChart({ samples }: { readonly samples: readonly CardSample[] }): JSX.Element {
  const { t, i18n } = useTranslation();
  const points = useMemo(() => [...chartPoints(samples)], [samples]);
  const [first, last] = [samples[0], samples.at(-1)];
  const gib = (mib: number): string => formatGib(mib, i18n.language);
  const summary = t('gpu_screen.memory_summary', {
    time: formatDuration((last?.at_ms ?? 0) - (first?.at_ms ?? 0), i18n.language),
    now: gib(last?.used_mib ?? 0),
    most: gib(Math.max(0, ...samples.map(({ used_mib: usedMib }) => usedMib))),
  });
  const series = [
    { name: 'ollama', label: ENGINE_NAMES.ollama, color: 'var(--engine-ollama)' },
    { name: 'comfyui', label: ENGINE_NAMES.comfyui, color: 'var(--engine-comfyui)' },
    { name: 'nobody', label: t('gpu_screen.nobody'), color: 'var(--page-dimmed)' },
    { name: 'foreign', label: t('gpu_screen.foreign'), color: 'light-dark(#8a6d3b, #c9a96a)' },
  ].filter(({ name }) => points.some((point) => point[name as 'ollama'] > 0));
  return (
    <div role="img" aria-label={summary} style={{ height: '100%' }}>
      <AreaChart
        h="100%"
        data={points}
        dataKey="atMs"
        type="stacked"
        series={series}
        curveType="stepAfter"
        withDots={false}
        withGradient={false}
        fillOpacity={0.35}
        strokeWidth={1.5}
        withLegend={series.length > 1}
        legendProps={{ verticalAlign: 'bottom', height: 28 }}
        valueFormatter={(value) => gib(value * 1_024)}
        xAxisProps={{
          type: 'number',
          scale: 'time',
          domain: ['dataMin', 'dataMax'],
          tickFormatter: (ms: number) => formatClock(ms, i18n.language),
          minTickGap: 48,
        }}
        yAxisProps={{ domain: [0, Math.ceil((last?.total_mib ?? 0) / 1_024)], width: 44, unit: '' }}
        tooltipProps={{ labelFormatter: (ms) => formatClock(Number(ms), i18n.language) }}
        tooltipAnimationDuration={0}
        areaProps={{ isAnimationActive: false }}
        areaChartProps={{ accessibilityLayer: false }}
      />
    </div>
  );
}
