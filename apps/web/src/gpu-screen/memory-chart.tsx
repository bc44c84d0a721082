import { AreaChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { useMemo, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { formatGib } from '../ui/bytes.ts';
import { formatDuration } from '../ui/duration.ts';
import classes from './memory-chart.module.css';
import { chartPoints, type CardSample } from './memory-samples.ts';
import { formatClock, formatHour } from './moments.ts';

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
    { name: 'foreign', label: t('gpu_screen.foreign'), color: 'var(--memory-foreign)' },
  ].filter(({ name }) => points.some((point) => point[name as 'ollama'] > 0));
  return (
    <>
      <div role="img" aria-label={summary} className={classes['chart']}>
        <AreaChart
          h="100%"
          data={points}
          dataKey="atMs"
          type="stacked"
          series={series}
          curveType="stepAfter"
          withDots={false}
          withGradient={false}
          fillOpacity={0.8}
          strokeWidth={0}
          valueFormatter={(value) => gib(value * 1_024)}
          xAxisProps={{
            type: 'number',
            scale: 'time',
            domain: ['dataMin', 'dataMax'],
            tickFormatter: (ms: number) => formatHour(ms, i18n.language),
            minTickGap: 48,
          }}
          yAxisProps={{
            domain: [0, Math.ceil((last?.total_mib ?? 0) / 1_024)],
            width: 30,
            tickFormatter: String,
          }}
          tooltipProps={{
            // Without a point under the mouse there is no time to show.
            labelFormatter: (ms) => (typeof ms === 'number' ? formatClock(ms, i18n.language) : null),
          }}
          tooltipAnimationDuration={0}
          areaProps={{ isAnimationActive: false }}
          areaChartProps={{ accessibilityLayer: false, margin: { top: 10, right: 6 } }}
        />
      </div>
      <ul className={classes['legend']} aria-hidden>
        {series.map(({ name, label }) => (
          <li key={name} data-series={name}>
            {label}
          </li>
        ))}
      </ul>
    </>
  );
}
